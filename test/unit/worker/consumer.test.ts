import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { GetQueueAttributesCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { SQSEvent } from 'aws-lambda';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { log } from '../../../lib/log.ts';
import { type ConsumerOptions, consume } from '../../../worker/consumer.ts';
import { startLocalAws } from '../local-aws.ts';
import { type ScriptedServer, startScriptedServer } from '../scripted-server.ts';

let aws: Awaited<ReturnType<typeof startLocalAws>>;
let sqs: SQSClient;
let stopping = new AbortController();
let consuming: Promise<void> = Promise.resolve();

beforeAll(async () => {
  aws = await startLocalAws({ visibilityS: 1 });
  sqs = new SQSClient({ maxAttempts: 1 });
  log.setLogLevel('SILENT');
});
afterEach(() => stop());
afterAll(async () => {
  sqs.destroy();
  await aws.stop();
});

const stop = async (): Promise<void> => {
  stopping.abort();
  await consuming;
};

const urlOf = (queue: string): string => aws.queues[queue]?.url ?? '';
const send = (queue: string, MessageBody: string) =>
  sqs.send(new SendMessageCommand({ QueueUrl: urlOf(queue), MessageBody }));

const start = (
  queueUrl: string,
  handler: (event: SQSEvent, stopping: AbortSignal | undefined) => Promise<unknown>,
  options: Partial<ConsumerOptions> = {},
): void => {
  stopping = new AbortController();
  const given = { name: 'a-function', queueUrl, concurrency: 1, stopping: stopping.signal, ...options };
  consuming = consume(sqs, {
    handler: (event, context) => handler(event as SQSEvent, context.stopping),
    ...given,
  });
};

/** Messages of a queue, waiting and at work. */
const messagesIn = async (queue: string): Promise<readonly number[]> => {
  const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
  const asked = { QueueUrl: urlOf(queue), AttributeNames: [...names] };
  const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand(asked));
  return names.map((name) => Number(Attributes[name]));
};

const recordOf = ({ Records: [record] }: SQSEvent) => {
  if (!record) throw new Error('an event without a record');
  return record;
};

test('what succeeded is deleted; what failed or threw comes again, counted, when its visibility ends', async () => {
  const counts: Record<string, string[]> = { good: [], failed: [], thrown: [] };
  start(urlOf('StreamImageQueue'), async (event) => {
    const { body, messageId, attributes } = recordOf(event);
    counts[body]?.push(attributes.ApproximateReceiveCount);
    if (body === 'good' || attributes.ApproximateReceiveCount === '2') return { batchItemFailures: [] };
    if (body === 'thrown') throw new Error('thrown');
    return { batchItemFailures: [{ itemIdentifier: messageId }] };
  });
  for (const body of ['thrown', 'failed', 'good']) await send('StreamImageQueue', body);
  const outcome = { good: ['1'], failed: ['1', '2'], thrown: ['1', '2'] };
  await expect.poll(() => counts).toEqual(outcome);
  await expect.poll(() => messagesIn('StreamImageQueue')).toEqual([0, 0]);
});

test('as many messages are at work at a time as it is told, one an event', async () => {
  let [running, most, done] = [0, 0, 0];
  const work = async ({ Records }: SQSEvent) => {
    expect(Records).toHaveLength(1);
    most = Math.max(most, ++running);
    await expect.poll(() => most).toBe(2);
    await delay(100); // for a third
    running -= 1;
    done += 1;
  };
  start(urlOf('FailImportQueue'), work, { concurrency: 2 });
  for (let i = 0; i < 6; i += 1) await send('FailImportQueue', `${i}`);
  await expect.poll(() => done).toBe(6);
  expect(most).toBe(2);
});

test('a stop reaches the function at work, waits for it, and leaves the next message to others', async () => {
  const seen: string[] = [];
  start(urlOf('ApplyMetadataQueue'), async (event, toldToStop) => {
    seen.push(recordOf(event).body);
    await new Promise((resolve) => toldToStop?.addEventListener('abort', resolve));
    await delay(100);
    seen.push('handed over');
  });
  await send('ApplyMetadataQueue', 'first');
  await expect.poll(() => seen).toEqual(['first']);
  await send('ApplyMetadataQueue', 'second');
  await stop();
  expect(seen).toEqual(['first', 'handed over']);
  expect(await messagesIn('ApplyMetadataQueue')).toEqual([1, 0]);
});

const operationsOf = ({ seen }: ScriptedServer) =>
  seen.map(({ headers }) => String(headers['x-amz-target']).replace('AmazonSQS.', ''));

const startScripted = (url: string, handler: () => Promise<unknown>): void => {
  stopping = new AbortController();
  const client = new SQSClient({ endpoint: url, maxAttempts: 1 });
  const given = { name: 'a-function', queueUrl: `${url}/q`, concurrency: 1, stopping: stopping.signal };
  consuming = consume(client, { ...given, handler });
};

test('a message that was on its way when the worker was told to stop is given back at once, untouched', async () => {
  const server = await startScriptedServer();
  const MD5OfBody = createHash('md5').update('late').digest('hex');
  const message = { MessageId: 'id', ReceiptHandle: 'handle', Body: 'late', MD5OfBody };
  let answer = (): void => undefined;
  const hold = (_: unknown, response: ServerResponse): void => {
    answer = () => void response.end(JSON.stringify({ Messages: [message] }));
  };
  server.script(hold, { status: 200, json: {} });
  const seen: string[] = [];
  startScripted(server.url, async () => void seen.push('a message'));
  await expect.poll(() => operationsOf(server)).toEqual(['ReceiveMessage']);
  stopping.abort();
  answer();
  await consuming;
  expect([seen, operationsOf(server)]).toEqual([[], ['ReceiveMessage', 'ChangeMessageVisibility']]);
  expect(JSON.parse(server.seen[1]?.body ?? '')).toMatchObject({ VisibilityTimeout: 0 });
  await server.stop();
});

test('a queue that refuses is asked less and less often, and a stop does not wait for the next time', async () => {
  const server = await startScriptedServer();
  const askedMs: number[] = [];
  server.script((_, response) => {
    askedMs.push(performance.now());
    response.writeHead(403).end(JSON.stringify({ __type: 'AccessDenied' }));
  });
  startScripted(server.url, () => Promise.reject(new Error('there was no message')));
  // At 0, 0.5 and 1.5 seconds; the next would be at 3.5.
  await expect.poll(() => askedMs).toHaveLength(3);
  const [first = 0, second = 0, third = 0] = askedMs;
  expect(second - first).toBeGreaterThan(450);
  expect(third - second).toBeGreaterThan(950);
  await stop();
  expect(performance.now() - third).toBeLessThan(1900);
  expect(operationsOf(server)).toEqual(['ReceiveMessage', 'ReceiveMessage', 'ReceiveMessage']);
  await server.stop();
});
