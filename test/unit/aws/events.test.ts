import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type BusPatience, createAnnounce, createAnnounceReplica, hurried } from '../../../lib/aws/events.ts';
import { composeAnnounce } from '../../../lib/compose/events.ts';
import { loadConfig } from '../../../lib/config.ts';
import { nowEnded, nowPending, nowProcessing } from '../../../lib/imports/record/state-change.ts';
import { log } from '../../../lib/log.ts';
import { ImageImportStateChange } from '../../../lib/schemas/state-change.ts';
import type { StateChange } from '../../../lib/state/announce.ts';
import type { AskedReplica } from '../../../lib/state/messages.ts';
import type { Task } from '../../../lib/state/task.ts';
import type { LocalAws } from '../../cloud/aws/aws.ts';
import { sourceImageId } from '../copies/local-download.ts';
import { taskFixture } from '../imports/task-fixture.ts';
import { startLocalAws } from '../local-aws.ts';
import { newCopyId } from '../local-state.ts';

let aws: LocalAws;
beforeAll(async () => {
  aws = await startLocalAws();
});
afterEach(() => {
  aws.events.faults.clear();
  vi.restoreAllMocks();
});
afterAll(() => aws.stop());

const source = {
  kind: 'glance-download',
  region: 'REGION1',
  interface: 'public',
  imageId: sourceImageId,
} as const;
const transferred = { size: 5, digests: { sha512: 'd', md5: 'm' } };
const finished: Task = { ...taskFixture(), source, status: 'processing', copyId: newCopyId(), transferred };
const succeeded = nowEnded(finished, { status: 'success', message: 'Copied 0 MiB' });

/** Details of the events that came to the bus since. */
const tell = async (change: StateChange, patience: BusPatience = hurried) => {
  const before = aws.events.received.length;
  await createAnnounce('images', patience)(change);
  return aws.events.received.slice(before).map(({ event }) => event.detail);
};

/** Lines that are written from now on. */
const written = () => {
  log.setLogLevel('WARN');
  const lines: string[] = [];
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  return lines;
};

const schema = JSON.parse(
  readFileSync(new URL('../../../schemas/image-import-state-change.schema.json', import.meta.url), 'utf8'),
);
const isValid = new Ajv2020().compile(schema);

describe('a change of state', () => {
  test('is an event of ours on the bus, with all that a consumer may want to know', async () => {
    expect(await tell(succeeded)).toEqual([
      {
        state: 'success',
        previous_state: 'processing',
        region: 'REGION2',
        image_id: finished.imageId,
        task_id: finished.taskId,
        request_id: 'req-1',
        project_id: 'project',
        source: { region: 'REGION1', image_id: sourceImageId },
        bytes: 5,
        seconds: expect.any(Number),
        hash: { algorithm: 'sha512', value: 'd' },
        reason: null,
        code: null,
        copy_id: finished.copyId,
      },
    ]);
    expect(aws.events.received.at(-1)).toMatchObject({
      bus: 'images',
      event: { source: 'glance-ferry', 'detail-type': 'Image Import State Change' },
    });
  });

  test.each<readonly [string, StateChange, object]>([
    [
      'asked for',
      nowPending(taskFixture()),
      { state: 'pending', previous_state: null, source: null, hash: null },
    ],
    [
      'at work',
      nowProcessing(taskFixture()),
      { state: 'processing', previous_state: 'pending', bytes: null },
    ],
    ['successful', succeeded, { state: 'success' }],
    [
      'failed',
      nowEnded({ ...taskFixture(), failureCode: 'not-found' }, { status: 'failure', message: 'no image' }),
      { state: 'failure', previous_state: 'pending', reason: 'no image', code: 'not-found' },
    ],
    [
      'preempted',
      nowEnded(taskFixture(), { status: 'failure', message: 'Expired lock preempted' }),
      { state: 'failure', code: 'internal' },
    ],
  ])('of an import that is %s is as the published schema says', async (_what, change, expected) => {
    const [detail] = await tell(change);
    expect(detail).toMatchObject(expected);
    expect(isValid(detail), JSON.stringify(isValid.errors)).toBe(true);
  });

  test('tells nobody a token, a user or a role', async () => {
    const [detail] = await tell(nowEnded(finished, { status: 'failure', message: 'no' }));
    const text = JSON.stringify(detail);
    for (const secret of [finished.sealed, finished.userId, 'member', 'https://h/i'])
      expect(text).not.toContain(`"${secret}"`);
  });

  test('is written in the published schema, which the build makes', () => {
    const { $schema, ...published } = schema;
    expect(published).toEqual(JSON.parse(JSON.stringify(ImageImportStateChange)));
  });
});

test('the end of a replica is an event of ours on the bus, as the published schema says', async () => {
  const file = new URL('../../../schemas/image-replica-state-change.schema.json', import.meta.url);
  const isReplicaChange = new Ajv2020().compile(JSON.parse(readFileSync(file, 'utf8')));
  const of = { source: { region: 'REGION1', imageId: sourceImageId }, region: 'REGION2' } as AskedReplica;
  const announce = createAnnounceReplica('images', hurried);
  await announce({ replica: of, state: 'success', imageId: sourceImageId, reason: undefined });
  await announce({ replica: { ...of, policy: 'p' }, state: 'skipped', imageId: undefined, reason: 'why' });
  const events = aws.events.received.slice(-2).map(({ event }) => event);
  const from = { region: 'REGION1', image_id: sourceImageId };
  const success = { state: 'success', region: 'REGION2', image_id: sourceImageId, source: from };
  const skipped = { state: 'skipped', region: 'REGION2', image_id: null, source: from };
  expect(events).toMatchObject([
    {
      ...{ source: 'glance-ferry', 'detail-type': 'Image Replica State Change' },
      detail: { ...success, policy: null, reason: null },
    },
    { detail: { ...skipped, policy: 'p', reason: 'why' } },
  ]);
  expect(events.map(({ detail }) => isReplicaChange(detail))).toEqual([true, true]);
});

describe('a bus that', () => {
  test.each([
    ['throttles once', { kind: 'error', code: 'ThrottlingException' }],
    ['breaks a connection', { kind: 'reset' }],
    ['does not answer once', { kind: 'silence' }],
    ['fails an entry once', { kind: 'entry-failed', entry: 0, code: 'InternalFailure' }],
  ] as const)('%s gets the event all the same', async (_what, fault) => {
    aws.events.faults.inject(fault);
    const lines = written();
    expect(await tell(succeeded, { silenceMs: 300, maxAttempts: 3, withinMs: 5_000 })).toHaveLength(1);
    expect(lines).toEqual([]);
  });

  test('has taken an event whose answer is lost gets it twice', async () => {
    aws.events.faults.inject({ kind: 'lost-answer' });
    expect(await tell(succeeded)).toHaveLength(2);
  });

  test.each([
    ['is down', { kind: 'reset' }, 'ECONNRESET'],
    ['says nothing', { kind: 'silence' }, 'abort'],
    ['refuses us', { kind: 'error', code: 'AccessDeniedException' }, 'AccessDeniedException'],
    ['refuses the event', { kind: 'entry-failed', entry: 0, code: 'MalformedDetail' }, 'MalformedDetail'],
  ] as const)(
    '%s is logged, counted and waited for no longer than a second',
    async (_what, fault, reason) => {
      vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'false');
      aws.events.faults.inject(fault, Number.POSITIVE_INFINITY);
      const lines = written();
      expect(await tell(succeeded)).toEqual([]);
      const found = lines.map((line) => JSON.parse(line));
      expect(found).toHaveLength(2);
      expect(found.find((line) => 'EventsLost' in line)).toMatchObject({ EventsLost: 1 });
      const line = found.find(({ level }) => level === 'WARN');
      const names = { message: 'change of state not told', task_id: finished.taskId, state: 'success' };
      expect(line).toMatchObject(names);
      expect(line.error.message).toMatch(/^Failed to put an event on bus images: /);
      expect(line.error.message).toContain(reason);
    },
  );
});

test('without a bus no client is made, and nothing is sent', async () => {
  const settings = { OS_AUTH_URL: 'http://keystone', OS_REGION_NAME: 'REGION2' };
  const before = aws.events.received.length;
  await composeAnnounce(loadConfig({ ...settings, EVENT_BUS_NAME: '' }), hurried)(succeeded);
  expect(aws.events.received).toHaveLength(before);
  await composeAnnounce(loadConfig({ ...settings, EVENT_BUS_NAME: 'default' }), hurried)(succeeded);
  expect(aws.events.received).toHaveLength(before + 1);
});
