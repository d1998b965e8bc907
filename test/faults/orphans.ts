import { createHash, randomUUID } from 'node:crypto';
import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { CreateMultipartUploadCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { marshall } from '@aws-sdk/util-dynamodb';
import { stepSubject } from '../../lib/aws/state/keys.ts';
import type { Item } from '../../lib/aws/table.ts';
import { isTask, type Kept, subjectOfCopy } from '../kept.ts';
import type { Bench } from './bench.ts';
import type { Rested } from './one-run.ts';
import { idsIn } from './operations.ts';

const hour = 3_600_000; // ms
/** An import may wait for its message for two hours, and is called silent after six more. */
const agedByH = 9;

const earlier = (ms: number): number => ms - agedByH * hour;
/** What tells how long an item waits, as it would be hours later. */
const agedTimes: Readonly<Record<string, (time: unknown) => unknown>> = {
  staleAt: (ms) => earlier(Number(ms)),
  // Glance's form of a time has no zone; it is UTC.
  updatedAt: (time) => new Date(earlier(Date.parse(`${time}Z`))).toISOString().slice(0, 19),
};

export interface Orphans {
  /** So many hours pass for these imports, unless somebody is at work at one or is going to be, and for no others. */
  age(rested: readonly Rested[]): Promise<void>;
  loseClaim(rested: Rested): Promise<void>;
  /** An upload, an object and a part of a copy that is gone, a claim of an import that has ended, and a seat that nobody sits on. */
  leaveBehind(rested: Rested): Promise<void>;
  /** What is still there of that, in words. */
  left(): Promise<readonly string[]>;
}

/** Makes orphans of imports that have come to rest, as an outage or a person would. */
export const orphansOf = ({ deployment, investigator, watch }: Bench): Orphans => {
  const { tableName: TableName, bucketName: Bucket } = deployment.cloud.aws;
  const dynamodb = new DynamoDBClient({});
  const s3 = new S3Client({ forcePathStyle: true });
  const seats = stepSubject('stream-image');
  const project = randomUUID();
  const put = async (item: Item): Promise<void> => {
    const expiresAtS = Math.ceil(Date.now() / 1000) + 3600;
    await dynamodb.send(new PutItemCommand({ TableName, Item: marshall({ expiresAtS, ...item }) }));
  };
  /** Of its targets, and of its copies. */
  const itemsOf = ({ run }: Rested): Promise<readonly Kept[]> => investigator.items(run.subjects);

  /** Only where it is still as it was. */
  const ageTime = async (
    { subject, item }: Kept,
    name: string,
    old: unknown,
    now: unknown,
  ): Promise<void> => {
    const update = new UpdateItemCommand({
      ...{ TableName, Key: marshall({ subject, item }) },
      UpdateExpression: 'SET #name = :now',
      ConditionExpression: '#name = :old',
      ExpressionAttributeNames: { '#name': name },
      ExpressionAttributeValues: marshall({ ':now': now, ':old': old }),
    });
    await dynamodb.send(update).catch((error: unknown) => {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    });
  };
  const ageItem = async (item: Kept): Promise<void> => {
    for (const [name, aged] of Object.entries(agedTimes)) {
      const old = item[name];
      if (old !== undefined) await ageTime(item, name, old, aged(old));
    }
  };
  /** A claim has one lease, a copy one for each of its rows. */
  const isAtWork = (item: Kept): boolean =>
    Object.entries(item).some(([name, until]) => /leaseUntil$/i.test(name) && Number(until) > Date.now());

  return {
    age: async (rested) => {
      const waiting = new Set((await watch.look()).flatMap(({ ids }) => ids));
      const isToCome = ({ run }: Rested): boolean =>
        [...run.subjects].flatMap(idsIn).some((id) => waiting.has(id));
      for (const one of rested.filter((each) => !isToCome(each))) {
        const items = await itemsOf(one);
        if (!items.some(isAtWork)) for (const item of items) await ageItem(item);
      }
    },
    loseClaim: async (rested) =>
      investigator.forget((await itemsOf(rested)).filter(({ kind }) => kind === 'claim')),
    leaveBehind: async (rested) => {
      const { subject, taskId } = (await itemsOf(rested)).find(isTask) ?? {};
      const generation = randomUUID();
      const copyId = createHash('sha256').update(generation).digest('hex');
      const Key = `copies/${copyId}/${generation}`;
      rested.run.relayKeys.add(Key);
      rested.run.subjects.add(subjectOfCopy(copyId));
      await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'left' }));
      await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
      await put({ subject, item: 'claim', taskId, leaseUntil: 0, staleAt: Date.now() });
      await put({ subject: subjectOfCopy(copyId), item: `part#${generation}#00001`, number: 1 });
      await put({
        ...{ subject: seats, item: `seat#${project}#0000`, projectId: project, number: 0 },
        leaseUntil: Date.now() - 2 * hour,
      });
    },
    left: async () => {
      const items = await investigator.items([seats]);
      for (const client of [s3, dynamodb]) client.destroy();
      return items.filter(({ projectId }) => projectId === project).map(({ item }) => `item ${item} is left`);
    },
  };
};
