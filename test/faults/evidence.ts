import { DeleteItemCommand, DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import { ListMultipartUploadsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type { ImageImportStateChange } from '../../lib/schemas/state-change.ts';
import type { ImageView } from '../cloud/openstack/glance/record.ts';
import type { Answer } from '../integration/ferry.ts';
import { type Kept, kept } from '../kept.ts';
import type { Run } from './context.ts';
import type { Deployment } from './deployment.ts';
import type { ImportUnderTest, Prepared } from './imports-under-test.ts';
import type { WaitingMessage } from './queue-watch.ts';

/** What is to be seen of one import from outside when its run has come to rest. */
export interface ImportEvidence {
  readonly starts: ImportUnderTest['starts'];
  /** `died` where the request's function died before it answered. */
  readonly answer: Answer | 'died';
  /** Its request was refused, and could not take it back: sweep-imports ends it. */
  readonly isLeft: boolean;
  readonly prepared: Prepared;
  /** The target as it is now; undefined when it was deleted. */
  readonly target: ImageView | undefined;
  /** Tasks of the target. */
  readonly tasks: readonly Kept[];
  /** What the event bus was told of the target, oldest first. */
  readonly told: readonly ImageImportStateChange[];
}

/** What is to be seen from outside when a run has come to rest. */
export interface Evidence {
  readonly imports: readonly ImportEvidence[];
  /** Everything in the table about what the run has named. */
  readonly items: readonly Kept[];
  readonly objects: readonly string[];
  readonly uploads: readonly string[];
  /** Names of items that had no time to live while the import ran. */
  readonly unexpiring: readonly string[];
  /** Messages that wait for nobody. */
  readonly messages: readonly WaitingMessage[];
  readonly run: Run;
  /** What must not be found anywhere in clear. */
  readonly secrets: readonly string[];
}

export interface Investigator {
  items(subjects: Iterable<string>): Promise<readonly Kept[]>;
  relay(keys: ReadonlySet<string>): Promise<Pick<Evidence, 'objects' | 'uploads'>>;
  /** Takes a run's records out of the table: thousands of runs would fill it. */
  forget(items: readonly Kept[]): Promise<void>;
  stop(): void;
}

/** What the event bus was told of a target, since the run began: thousands of runs tell it much. */
export const toldOf = (
  { cloud }: Deployment,
  { targetId, region }: Prepared,
  since: number,
): readonly ImageImportStateChange[] =>
  cloud.aws.events.received
    .slice(since)
    .map(({ event }) => event.detail as unknown as ImageImportStateChange)
    .filter((told) => told.image_id === targetId && told.region === region);

/** Looks at table and bucket beside the functions. */
export const createInvestigator = ({ cloud }: Deployment): Investigator => {
  const { tableName: TableName, bucketName: Bucket } = cloud.aws;
  const dynamodb = new DynamoDBClient({});
  const s3 = new S3Client({ forcePathStyle: true });
  const itemsOf = async (subject: string): Promise<readonly Kept[]> => {
    const condition = { KeyConditionExpression: 'subject = :subject', ConsistentRead: true };
    const values = { ExpressionAttributeValues: marshall({ ':subject': subject }) };
    const { Items = [] } = await dynamodb.send(new QueryCommand({ TableName, ...condition, ...values }));
    return Items.map((item) => kept(unmarshall(item)));
  };
  return {
    items: async (subjects) => (await Promise.all([...subjects].map(itemsOf))).flat(),
    relay: async (keys) => {
      const found = [...keys].map(async (Prefix) => {
        const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix }));
        const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix }));
        return {
          objects: Contents.map(({ Key = '' }) => Key),
          uploads: Uploads.map(({ Key = '' }) => Key).filter((key) => key === Prefix),
        };
      });
      const all = await Promise.all(found);
      return {
        objects: all.flatMap(({ objects }) => objects),
        uploads: all.flatMap(({ uploads }) => uploads),
      };
    },
    forget: async (items) => {
      const keys = items.map(({ subject, item }) => marshall({ subject, item }));
      await Promise.all(keys.map((Key) => dynamodb.send(new DeleteItemCommand({ TableName, Key }))));
    },
    stop: () => {
      dynamodb.destroy();
      s3.destroy();
    },
  };
};
