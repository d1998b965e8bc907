import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DeleteRuleCommand,
  EventBridgeClient,
  PutEventsCommand,
  type PutEventsRequestEntry,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
  TestEventPatternCommand,
} from '@aws-sdk/client-eventbridge';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type LocalAws, startAws } from '../aws.ts';
import type { Blueprint } from '../blueprint.ts';
import { rulesOf } from './rules.ts';

const region = 'us-east-1';
const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
const queueArn = { 'Fn::GetAtt': ['StreamImageQueue', 'Arn'] };

const blueprintOf = (rules: Readonly<Record<string, object>>) =>
  ({
    resources: {
      Resources: Object.fromEntries(
        Object.entries(rules).map(([name, Properties]) => [name, { Type: 'AWS::Events::Rule', Properties }]),
      ),
    },
  }) as unknown as Blueprint;

const rules = rulesOf(
  blueprintOf({
    Whole: { EventPattern: { source: ['whole'] }, Targets: [{ Id: 'queue', Arn: queueArn }] },
    Detail: {
      EventPattern: { source: ['detail'] },
      EventBusName: 'images',
      Targets: [{ Id: 'queue', Arn: queueArn, InputPath: '$.detail' }],
    },
    Off: {
      EventPattern: { source: ['whole'] },
      State: 'DISABLED',
      Targets: [{ Id: 'queue', Arn: queueArn }],
    },
  }),
);

let dataDir: string;
let aws: LocalAws;
let bus: EventBridgeClient;
let sqs: SQSClient;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'local-events-'));
  aws = await startAws({ dataDir, region, visibilityS: 100 });
  for (const rule of rules) aws.events.addRule(rule);
  bus = new EventBridgeClient({ region, credentials, endpoint: aws.endpoints.eventBridge, maxAttempts: 1 });
  sqs = new SQSClient({ region, credentials, endpoint: aws.endpoints.sqs });
});

afterEach(() => aws.events.faults.clear());

afterAll(async () => {
  bus.destroy();
  sqs.destroy();
  await aws.stop();
  await rm(dataDir, { recursive: true });
});

const put = (...Entries: PutEventsRequestEntry[]) => bus.send(new PutEventsCommand({ Entries }));
const entry = (more: PutEventsRequestEntry = {}): PutEventsRequestEntry => ({
  Source: 'whole',
  DetailType: 'Something',
  Detail: '{"state":"success"}',
  ...more,
});

/** Bodies of all messages that have been delivered since. */
const delivered = async (): Promise<unknown[]> => {
  await aws.events.settled();
  const QueueUrl = aws.queues['StreamImageQueue']?.url;
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
  return Messages.map(({ Body }) => JSON.parse(Body ?? ''));
};

describe('an event', () => {
  test('goes as a whole to the queue of each rule that matches it', async () => {
    const { FailedEntryCount, Entries } = await put(
      entry({ Time: new Date(1000) }),
      entry({ Source: 'other' }),
    );
    expect(FailedEntryCount).toBe(0);
    expect(await delivered()).toEqual([
      {
        version: '0',
        id: Entries?.[0]?.EventId,
        'detail-type': 'Something',
        source: 'whole',
        account: '000000000000',
        time: '1970-01-01T00:00:01Z',
        region,
        resources: [],
        detail: { state: 'success' },
      },
    ]);
  });

  test('goes as its detail where the rule says so, and only to rules of its bus', async () => {
    await put(entry({ Source: 'detail', EventBusName: 'arn:aws:events:us-east-1:0:event-bus/images' }));
    await put(entry({ Source: 'detail' }));
    expect(await delivered()).toEqual([{ state: 'success' }]);
  });

  test.each<readonly [string, PutEventsRequestEntry, string]>([
    ['without source', { Source: '' }, 'InvalidArgument'],
    ['without type', { DetailType: '' }, 'InvalidArgument'],
    ['without detail', { Detail: '' }, 'InvalidArgument'],
    ['whose detail is no JSON', { Detail: '{' }, 'MalformedDetail'],
    ['whose detail is no object', { Detail: '[]' }, 'MalformedDetail'],
    ["with AWS's own source", { Source: 'aws.s3' }, 'NotAuthorizedForSourceException'],
  ])('%s fails by itself, the others are taken', async (_what, more, ErrorCode) => {
    const { FailedEntryCount, Entries } = await put(entry(more), entry());
    expect(FailedEntryCount).toBe(1);
    expect(Entries?.[0]).toMatchObject({ ErrorCode });
    expect(Entries?.[1]?.EventId).toBeDefined();
    expect(await delivered()).toHaveLength(1);
  });

  test('is refused with more than ten, or more than 256 KB', async () => {
    const eleven = Array.from({ length: 11 }, () => entry());
    await expect(put(...eleven)).rejects.toMatchObject({ name: 'ValidationException' });
    const large = entry({ Detail: JSON.stringify({ text: 'x'.repeat(256 * 1024) }) });
    await expect(put(large)).rejects.toThrow('Total size of the entries in the request is over the limit.');
    expect(await delivered()).toEqual([]);
  });
});

describe('a rule', () => {
  const rule = { Name: 'mine', EventBusName: 'images' };
  const pattern = { source: ['by hand'], detail: { state: ['success'] } };

  test('that is put, with a target, sends what it asks for to a queue until it is removed', async () => {
    const { Name: Rule, EventBusName } = rule;
    await bus.send(new PutRuleCommand({ ...rule, EventPattern: JSON.stringify(pattern) }));
    const Targets = [{ Id: 'queue', Arn: aws.queues['StreamImageQueue']?.arn, InputPath: '$.detail' }];
    const { FailedEntryCount } = await bus.send(new PutTargetsCommand({ Rule, EventBusName, Targets }));
    expect(FailedEntryCount).toBe(0);
    const ours = entry({ Source: 'by hand', EventBusName });
    await put(ours, { ...ours, Detail: '{"state":"failure"}' });
    expect(await delivered()).toEqual([{ state: 'success' }]);
    await bus.send(new RemoveTargetsCommand({ Rule, EventBusName, Ids: ['queue'] }));
    await put(ours);
    await bus.send(new DeleteRuleCommand(rule));
    expect(await delivered()).toEqual([]);
    const again = bus.send(new PutTargetsCommand({ Rule, EventBusName, Targets }));
    await expect(again).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  test('whose pattern is none is refused', async () => {
    const put = bus.send(new PutRuleCommand({ ...rule, EventPattern: '{"source": "by hand"}' }));
    await expect(put).rejects.toMatchObject({ name: 'InvalidEventPatternException' });
  });

  test('can be tried before', async () => {
    const EventPattern = JSON.stringify(pattern);
    const Event = JSON.stringify({ source: 'by hand', detail: { state: 'success' } });
    const { Result } = await bus.send(new TestEventPatternCommand({ EventPattern, Event }));
    expect(Result).toBe(true);
  });
});

describe('an event bus may', () => {
  test('throttle, or be down, and nothing is taken', async () => {
    aws.events.faults.inject({ kind: 'error', code: 'ThrottlingException' });
    await expect(put(entry())).rejects.toMatchObject({ name: 'ThrottlingException' });
    aws.events.faults.inject({ kind: 'reset' });
    await expect(put(entry())).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(await delivered()).toEqual([]);
  });

  test('fail one entry', async () => {
    aws.events.faults.inject({ kind: 'entry-failed', entry: 1, code: 'InternalFailure' });
    const { FailedEntryCount, Entries } = await put(entry(), entry());
    expect(FailedEntryCount).toBe(1);
    expect(Entries?.[1]).toMatchObject({ ErrorCode: 'InternalFailure' });
    expect(await delivered()).toHaveLength(1);
  });

  test('take an event whose answer is lost', async () => {
    aws.events.faults.inject({ kind: 'lost-answer' });
    await expect(put(entry())).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(await delivered()).toHaveLength(1);
  });

  test('deliver an event twice', async () => {
    aws.events.faults.inject({ kind: 'duplicates' });
    await put(entry());
    expect(await delivered()).toHaveLength(2);
  });
});

test('a rule whose target is no queue of serverless.yml is refused', () => {
  const pattern = { source: ['a'] };
  const named = { Rule: { EventPattern: pattern, Targets: [{ Id: 'a', Arn: 'arn:aws:sns:…' }] } };
  expect(() => rulesOf(blueprintOf(named))).toThrow('Rule: only targets that are queues');
});
