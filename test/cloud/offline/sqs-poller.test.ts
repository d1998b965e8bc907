import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { GetQueueAttributesCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { SQSEvent } from 'aws-lambda';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type LocalAws, startAws } from '../aws/aws.ts';
import { type Mapping, type Poller, startPoller } from './sqs-poller.ts';

let dataDir: string;
let aws: LocalAws;
let sqs: SQSClient;
let poller: Poller | undefined;
const lines: string[] = [];

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'poller-'));
  aws = await startAws({ dataDir, visibilityS: 1 });
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
  sqs = new SQSClient({ region: 'us-east-1', endpoint: aws.endpoints.sqs, credentials });
});
afterEach(() => poller?.stop());
afterAll(async () => {
  sqs.destroy();
  await aws.stop();
  await rm(dataDir, { recursive: true });
});

const queue = (name: string) => aws.queues[name] ?? { url: '', arn: '' };
const send = (name: string, MessageBody: string) =>
  sqs.send(new SendMessageCommand({ QueueUrl: queue(name).url, MessageBody }));

function poll(
  name: string,
  invoke: (event: SQSEvent) => Promise<unknown>,
  more: Partial<Mapping> = {},
): Poller {
  const { url: queueUrl, arn: queueArn } = queue(name);
  const given = { queueUrl, queueArn, batchSize: 1, maximumConcurrency: 2, reportsBatchItemFailures: true };
  poller = startPoller(
    sqs,
    { ...given, ...more },
    (event) => invoke(event as SQSEvent),
    (line) => lines.push(line),
  );
  return poller;
}

/** Messages in a queue, waiting and in flight. */
async function messagesIn(name: string): Promise<number> {
  const AttributeNames = [
    'ApproximateNumberOfMessages' as const,
    'ApproximateNumberOfMessagesNotVisible' as const,
  ];
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: queue(name).url, AttributeNames }),
  );
  return Object.values(Attributes).reduce((sum, count) => sum + Number(count), 0);
}

const bodyOf = ({ Records }: SQSEvent) => Records[0]?.body ?? '';

test('what succeeded is deleted', async () => {
  const seen: string[] = [];
  poll('FailImportQueue', async (event) => void seen.push(bodyOf(event)));
  await send('FailImportQueue', 'a');
  await send('FailImportQueue', 'b');
  const outcome = async () => [seen.sort(), await messagesIn('FailImportQueue')];
  await expect.poll(outcome).toEqual([['a', 'b'], 0]);
});

test('what failed comes again after its visibility, what threw too, and nothing else of the queue waits', async () => {
  const counts: Record<string, string[]> = { report: [], throw: [], good: [] };
  poll('FailImportQueue', async (event) => {
    const [record] = event.Records;
    const body = bodyOf(event);
    counts[body]?.push(record?.attributes.ApproximateReceiveCount ?? '');
    if (record?.attributes.ApproximateReceiveCount !== '1') return undefined;
    if (body === 'throw') throw new Error('thrown');
    return body === 'report' ? { batchItemFailures: [{ itemIdentifier: record.messageId }] } : undefined;
  });
  for (const body of ['report', 'throw', 'good']) await send('FailImportQueue', body);
  await expect.poll(() => counts).toEqual({ report: ['1', '2'], throw: ['1', '2'], good: ['1'] });
  expect(lines).toContainEqual(expect.stringContaining('thrown'));
});

test('only the failed message of a batch comes again', async () => {
  for (const body of ['a', 'b', 'c']) await send('ApplyMetadataQueue', body);
  const batches: string[][] = [];
  poll(
    'ApplyMetadataQueue',
    async ({ Records }) => {
      batches.push(Records.map(({ body }) => body));
      const bad = batches.length === 1 ? Records.filter(({ body }) => body === 'b') : [];
      return { batchItemFailures: bad.map(({ messageId }) => ({ itemIdentifier: messageId })) };
    },
    { batchSize: 10, maximumConcurrency: 1 },
  );
  await expect.poll(() => batches).toEqual([['a', 'b', 'c'], ['b']]);
});

test('no more batches run at a time than the limit allows', async () => {
  let [running, most] = [0, 0];
  let done = 0;
  poll('ApplyMetadataQueue', async () => {
    most = Math.max(most, ++running);
    await expect.poll(() => most).toBe(2);
    await delay(100); // for a third
    running--;
    done++;
  });
  for (let i = 0; i < 6; i++) await send('ApplyMetadataQueue', String(i));
  await expect.poll(() => done).toBe(6);
  expect(most).toBe(2);
});

test('stopping waits for the batch at work and deletes its message, and takes no other', async () => {
  const seen: string[] = [];
  const started = poll(
    'StreamImageQueue',
    async (event) => {
      seen.push(bodyOf(event));
      await delay(200);
    },
    { maximumConcurrency: 1 },
  );
  await send('StreamImageQueue', 'first');
  await send('StreamImageQueue', 'second');
  await expect.poll(() => seen).toEqual(['first']);
  await started.stop();
  expect([seen, await messagesIn('StreamImageQueue')]).toEqual([['first'], 1]);
});
