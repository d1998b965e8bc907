import { DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import { ListMultipartUploadsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { LocalAws } from '../cloud/aws/aws.ts';
import { type Kept, kept } from '../kept.ts';

/** What an import leaves behind on the AWS side. */
export interface Traces {
  /** Every item of the table. */
  items(): Promise<readonly Kept[]>;
  /** Keys in the relay bucket, and of uploads that were neither completed nor aborted. */
  relay(): Promise<{ readonly objects: readonly string[]; readonly uploads: readonly string[] }>;
  /** Messages by queue: visible, hidden and delayed. */
  messages(): Promise<Readonly<Record<string, number>>>;
}

export const createTraces = ({
  tableName,
  bucketName,
  queues,
}: Pick<LocalAws, 'tableName' | 'bucketName' | 'queues'>): Traces => {
  const dynamodb = new DynamoDBClient({});
  const s3 = new S3Client({ forcePathStyle: true });
  const sqs = new SQSClient({});

  const countOf = async (url: string): Promise<number> => {
    const names = [
      'ApproximateNumberOfMessages',
      'ApproximateNumberOfMessagesNotVisible',
      'ApproximateNumberOfMessagesDelayed',
    ] as const;
    const asked = new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: [...names] });
    const { Attributes = {} } = await sqs.send(asked);
    return names.reduce((sum, name) => sum + Number(Attributes[name] ?? 0), 0);
  };

  return {
    items: async () => {
      const items: Kept[] = [];
      const pages = paginateScan({ client: dynamodb }, { TableName: tableName, ConsistentRead: true });
      for await (const { Items = [] } of pages) items.push(...Items.map((item) => kept(unmarshall(item))));
      return items;
    },
    relay: async () => {
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucketName }));
      const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: bucketName }));
      return { objects: Contents.map(({ Key = '' }) => Key), uploads: Uploads.map(({ Key = '' }) => Key) };
    },
    messages: async () => {
      const counts = Object.entries(queues).map(
        async ([name, { url }]) => [name, await countOf(url)] as const,
      );
      return Object.fromEntries(await Promise.all(counts));
    },
  };
};
