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
  /** The same, and how many of all of them are hidden. */
  queues(): Promise<{ readonly messages: Readonly<Record<string, number>>; readonly atWork: number }>;
}

const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

export const createTraces = ({
  tableName,
  bucketName,
  queues,
}: Pick<LocalAws, 'tableName' | 'bucketName' | 'queues'>): Traces => {
  const dynamodb = new DynamoDBClient({});
  const s3 = new S3Client({ forcePathStyle: true });
  const sqs = new SQSClient({});

  const hidden = 'ApproximateNumberOfMessagesNotVisible';
  const counts = ['ApproximateNumberOfMessages', hidden, 'ApproximateNumberOfMessagesDelayed'] as const;
  const countsOf = async (url: string) => {
    const asked = new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: [...counts] });
    const { Attributes = {} } = await sqs.send(asked);
    return {
      all: sumOf(counts.map((name) => Number(Attributes[name] ?? 0))),
      atWork: Number(Attributes[hidden]),
    };
  };
  const queuesNow: Traces['queues'] = async () => {
    const asked = Object.entries(queues).map(async ([name, { url }]) => ({ name, ...(await countsOf(url)) }));
    const found = await Promise.all(asked);
    return {
      messages: Object.fromEntries(found.map(({ name, all }) => [name, all])),
      atWork: sumOf(found.map(({ atWork }) => atWork)),
    };
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
    queues: queuesNow,
    messages: async () => (await queuesNow()).messages,
  };
};
