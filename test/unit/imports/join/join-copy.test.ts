import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createCopies } from '../../../../lib/aws/state/copies.ts';
import { failCopy } from '../../../../lib/copies/end/fail-copy.ts';
import type { OpenAccess } from '../../../../lib/imports/access/access.ts';
import { failureOf } from '../../../../lib/imports/end/failure-of.ts';
import { createJoinCopy, type JoinServices } from '../../../../lib/imports/join/join-copy.ts';
import type { CopyId } from '../../../../lib/schemas/ids.ts';
import type { Copies } from '../../../../lib/state/copies.ts';
import type { Copy, CopyChanges } from '../../../../lib/state/copy.ts';
import { importRef, wholeCopy } from '../../../../lib/state/refs.ts';
import type { Task } from '../../../../lib/state/task.ts';
import { runStep } from '../../../../lib/steps/run-step.ts';
import { newImport } from '../../../contract/state/fixtures.ts';
import { type ImageServer, startImageServer } from '../../copies/image-server.ts';
import { downloadAs, sourceImageId } from '../../copies/local-download.ts';
import { dyingAfter, makeCopy, useLocalState } from '../../local-state.ts';
import { deadlineOf } from '../../steps/step-at-work.ts';
import { taskFixture } from '../task-fixture.ts';

const use = useLocalState();
const source = {
  kind: 'glance-download',
  region: 'REGION1',
  interface: 'public',
  imageId: sourceImageId,
  endpoint: 'http://glance1',
} as const;
const transferred = { size: 1000, digests: { sha512: 'd' } };
let server: ImageServer;
let copies: Copies;

beforeAll(async () => {
  server = await startImageServer({ bytes: randomBytes(1000) });
});
beforeEach(() => {
  // Another image for each test, so that they share no copy.
  server.image = { bytes: randomBytes(1000) };
  server.refused.clear();
  server.asked.length = 0;
  use().sent.length = 0;
  use().told.length = 0;
  copies = createCopies(use().table, { leaseMs: 30_000 });
});
afterAll(() => server.stop());

/** A queued import of the source. */
const queued = async (more: Partial<Task> = {}): Promise<Task> => {
  const task = { ...taskFixture(), source, ...more };
  await use().claims.take(importRef(task));
  await use().tasks.create(task);
  return task;
};
const services = (more: Partial<JoinServices> = {}): JoinServices => ({
  ...use(),
  copies,
  openAccess: (async ({ taskId }: Task) => ({
    download: downloadAs(server, taskId),
  })) as unknown as OpenAccess,
  propertyRules: { prefixes: ['hw_'], inject: {}, ignoreUserRoles: [] },
  ...more,
});

/** A message of the import. @returns the copy that its invocation goes on with */
const join = (task: Task, more: Partial<JoinServices> = {}, receiveCount = 1) => {
  const pace = { name: 'stream-image', heartbeatS: 20, retryDelayS: 10 } as const;
  const delivery = { receiveCount, hideFor: async () => undefined };
  const received = { message: importRef(task), delivery, deadline: deadlineOf() };
  return runStep({ ...pace, send: use().send }, createJoinCopy(services(more)), received);
};
const read = async (task: Task): Promise<Task> => (await use().tasks.get(task)) ?? expect.fail('no task');
const copyOf = async (task: Task): Promise<Copy | undefined> => {
  const { copyId } = await read(task);
  return copyId && (await copies.get(copyId));
};
const waitingFor = async (task: Task) => new Set((await copyOf(task))?.waiting.map(({ taskId }) => taskId));
const change = async (copyId: CopyId, changes: CopyChanges): Promise<void> => {
  const { table } = use();
  const row = { copyId, row: wholeCopy };
  const item = await table.get({ subject: `copy#${copyId}`, item: 'copy' });
  await copies.update(row, item?.['row0Attempt'] as Parameters<Copies['update']>[1], changes);
};
const askedBy = () => server.asked.map(({ token, range }) => [token, range]);

describe('the first import of a source', () => {
  test('begins its copy, and the same invocation goes on with the attempt that it has', async () => {
    const task = await queued();
    const inHand = await join(task);
    const { copyId } = await read(task);
    expect(inHand).toEqual({ message: { copyId }, attempt: expect.any(String), sinceMs: expect.any(Number) });
    if (!copyId || !inHand?.attempt) return expect.fail('nothing in hand');
    expect(await copies.renew({ copyId, row: wholeCopy }, inHand.attempt)).toBe(true);
    expect(await copyOf(task)).toMatchObject({
      projectId: 'project',
      size: 1000,
      waiting: [importRef(task)],
    });
    expect(use().sent).toEqual([]);
  });

  test('keeps what its target is to get, as the record says now', async () => {
    const task = await queued();
    await join(task);
    expect(await read(task)).toMatchObject({
      status: 'processing',
      wanted: { disk_format: 'raw', container_format: 'bare', hw_disk_bus: 'virtio' },
    });
  });

  test('is told of as processing, once', async () => {
    const task = await queued();
    await join(task);
    const { copyId } = await read(task);
    const from = { region: 'REGION1', imageId: sourceImageId };
    const told = [{ state: 'processing', previous: 'pending', source: from, copyId, taskId: task.taskId }];
    expect(use().told).toMatchObject(told);
    await join(task);
    expect(use().told).toMatchObject(told);
  });

  test('proves its right by copying: it asks for no byte before', async () => {
    await join(await queued());
    expect(askedBy()).toEqual([]);
  });
});

describe('another import of the same source', () => {
  test('joins the copy that is being made', async () => {
    const [one, other] = [await queued(), await queued()];
    await join(one);
    const { copyId } = await read(one);
    expect(await join(other)).toEqual({ message: { copyId } });
    expect(await waitingFor(other)).toEqual(new Set([one.taskId, other.taskId]));
  });

  test('proves its own right by one byte', async () => {
    const [one, other] = [await queued(), await queued()];
    await join(one);
    await join(other);
    expect(askedBy()).toEqual([[other.taskId, 'bytes=0-0']]);
  });

  test('has a copy that is finished at once', async () => {
    const [one, other] = [await queued(), await queued()];
    await join(one);
    await change((await copyOf(one))?.copyId ?? expect.fail('no copy'), { transferred });
    expect(await join(other)).toBeUndefined();
    expect(use().sent).toEqual([{ to: 'apply-metadata', message: importRef(other) }]);
    expect(await waitingFor(other)).toEqual(new Set([one.taskId, other.taskId]));
  });

  test('of another project has a copy of its own', async () => {
    const [one, other] = [await queued(), await queued({ owner: 'another project' })];
    await join(one);
    await join(other);
    expect(await waitingFor(one)).toEqual(new Set([one.taskId]));
    expect(await waitingFor(other)).toEqual(new Set([other.taskId]));
  });

  test('begins one where both come at the same moment, and the other joins', async () => {
    const tasks = [await queued(), await queued(), await queued()];
    const begun = await Promise.all(tasks.map((task) => join(task)));
    expect(begun.filter((inHand) => inHand?.attempt)).toHaveLength(1);
    const [one = expect.fail('no task')] = tasks;
    expect(await waitingFor(one)).toEqual(new Set(tasks.map(({ taskId }) => taskId)));
  });
});

describe('a caller who may see a source and not download it', () => {
  test.each([403, 401])('(%d) does not join its copy, gets no byte, and says why', async (data) => {
    const [one, other] = [await queued(), await queued()];
    await join(one);
    await change((await copyOf(one))?.copyId ?? expect.fail('no copy'), { transferred });
    server.refused.set(other.taskId, { data });
    const before = server.bytesRead();
    expect(await join(other)).toBeUndefined();
    expect(await waitingFor(one)).toEqual(new Set([one.taskId]));
    expect(server.bytesRead()).toBe(before);
    expect(use().sent).toEqual([{ to: 'fail-import', message: importRef(other) }]);
    expect((await read(other)).failureCode).toBe(data === 403 ? 'forbidden' : 'unauthorized');
  });

  test('has joined no copy, so that none is kept for that import', async () => {
    const [one, other] = [await queued(), await queued()];
    await join(one);
    server.refused.set(other.taskId, { data: 403 });
    await join(other);
    expect(await read(other)).not.toHaveProperty('copyId');
  });

  test('also where the source’s store has no ranges', async () => {
    server.image = { bytes: randomBytes(1000), hasNoRanges: true };
    const [one, other] = [await queued(), await queued()];
    await join(one);
    server.refused.set(other.taskId, { data: 403 });
    await join(other);
    expect(await waitingFor(one)).toEqual(new Set([one.taskId]));
  });
});

test('who may download a source whose store has no ranges joins', async () => {
  server.image = { bytes: randomBytes(1000), hasNoRanges: true };
  const [one, other] = [await queued(), await queued()];
  await join(one);
  await join(other);
  expect(askedBy()).toEqual([
    [other.taskId, 'bytes=0-0'],
    [other.taskId, undefined],
  ]);
  expect(await waitingFor(one)).toEqual(new Set([one.taskId, other.taskId]));
});

describe('a copy that cannot be joined', () => {
  const soon = (task: Task) => [{ to: 'stream-image', message: importRef(task), delayS: 5 }];

  test('because it is being cleared up is asked for again soon', async () => {
    const [one, other] = [await queued(), await queued()];
    await join(one);
    const { copyId = expect.fail('no copy') } = await read(one);
    expect(await copies.leave(copyId, importRef(one), 0)).toMatchObject({ state: 'ending' });
    expect(await join(other)).toBeUndefined();
    expect(use().sent).toEqual(soon(other));
    expect(await waitingFor(other)).toEqual(new Set());
  });

  test('because it is full is asked for again in a minute, for others leave it when it is finished', async () => {
    const [one, late] = [await queued(), await queued()];
    await join(one);
    const { copyId = expect.fail('no copy') } = await read(one);
    for (let joined = 1; joined < 500; joined += 1) await copies.join(copyId, newImport());
    expect(await join(late)).toBeUndefined();
    expect(use().sent).toEqual([{ to: 'stream-image', message: importRef(late), delayS: 60 }]);
    await copies.leave(copyId, importRef(one), 0);
    expect(await join(late)).toMatchObject({ message: { copyId } });
  });

  test('because it has failed takes with it who waits for it, and nobody who comes later', async () => {
    const [one, later] = [await queued(), await queued()];
    await join(one);
    const { copyId = expect.fail('no copy') } = await read(one);
    const copy = (await copyOf(one)) ?? expect.fail('no copy');
    await copies.fail(copy, { reason: 'the source is gone', code: 'not-found' });
    await join(later);
    expect(use().sent).toEqual(soon(later));
    use().sent.length = 0;
    // All who wait are told, which one that has died may not have done.
    expect(await join(one)).toBeUndefined();
    expect(use().sent).toEqual([{ to: 'stream-image', message: { copyId } }]);
  });
});

describe('a source that has changed since an earlier run', () => {
  test('has another copy, and the old one is left to those who wait for it', async () => {
    const [one, other] = [await queued(), await queued()];
    await join(one);
    await join(other);
    const old = (await copyOf(one)) ?? expect.fail('no copy');
    server.image = { bytes: randomBytes(1000) };
    await join(one);
    expect((await read(one)).copyId).not.toBe(old.copyId);
    expect(await waitingFor(one)).toEqual(new Set([one.taskId]));
    expect((await copies.get(old.copyId))?.waiting).toEqual([importRef(other)]);
    expect(use().sent).toEqual([{ to: 'stream-image', message: { copyId: old.copyId } }]);
  });

  test('leaves nothing of the old one where nobody else wants it', async () => {
    const one = await queued();
    const old = await makeCopy(use(), [one]);
    await use().tasks.update(one, { copyId: old.copyId });
    await join(one);
    expect(await copies.get(old.copyId)).toBeUndefined();
    expect((await read(one)).copyId).not.toBe(old.copyId);
  });
});

test('an import whose copy has failed ends by that reason, also where its message comes again and the source has changed', async () => {
  const one = await queued();
  await join(one);
  const old = (await copyOf(one)) ?? expect.fail('no copy');
  const reason = 'Failed to copy image 1: the source changed while it was copied';
  await failCopy({ ...use(), copies }, old, { reason, code: 'data-mismatch' });
  server.image = { bytes: randomBytes(1000) };
  expect(await join(one, {}, 2)).toBeUndefined();
  expect(use().sent).toEqual([{ to: 'fail-import', message: importRef(one) }]);
  const task = await read(one);
  expect(task.copyId).toBe(old.copyId);
  expect(failureOf(task, undefined).explanation).toBe(reason);
});

describe('a message that comes twice', () => {
  test('joins once', async () => {
    const [one, other] = [await queued(), await queued()];
    for (const task of [one, other, other, one]) await join(task);
    const { waiting = [] } = (await copyOf(one)) ?? {};
    expect(waiting).toHaveLength(2);
  });

  test.each(['update', 'create', 'join'])('because its run died after %s ends the same', async (call) => {
    const [one, other] = [await queued(), await queued()];
    if (call === 'join') await join(one);
    const dying = { tasks: dyingAfter(use().tasks, call), copies: dyingAfter(copies, call) };
    await expect(join(other, dying)).rejects.toMatchObject({ code: 'internal' });
    expect((await read(other)).copyId).toBeDefined();
    const inHand = await join(other);
    expect(inHand?.message).toEqual({ copyId: (await read(other)).copyId });
    expect((await waitingFor(other)).has(other.taskId)).toBe(true);
  });
});

test('a message that comes again after its run has finished the copy has all told who wait', async () => {
  const [one, other] = [await queued(), await queued()];
  await join(one);
  await join(other);
  const { copyId = expect.fail('no copy') } = await read(one);
  await change(copyId, { transferred });
  expect(await join(one, {}, 2)).toBeUndefined();
  expect(use().sent).toEqual([{ to: 'stream-image', message: { copyId } }]);
});

describe('a copy that is finished when a message of its import comes again', () => {
  test.each([
    ['is away', { record: 503, data: 503 }],
    ['gives no data any more', { data: 403 }],
  ])('is handed on although its source %s', async (_what, refused) => {
    const one = await queued();
    await join(one);
    const { copyId = expect.fail('no copy') } = await read(one);
    await change(copyId, { transferred });
    server.refused.set(one.taskId, refused);
    expect(await join(one, {}, 2)).toBeUndefined();
    expect(use().sent).toEqual([{ to: 'stream-image', message: { copyId } }]);
    expect(await read(one)).not.toHaveProperty('failure');
  });
});

test('an import that waits for a copy has proven its right already: it does not ask for a byte again', async () => {
  const [one, other] = [await queued(), await queued()];
  await join(one);
  await join(other);
  server.asked.length = 0;
  await join(other, {}, 2);
  expect(askedBy()).toEqual([]);
});

test('what an earlier try has failed by is over when the import has joined', async () => {
  const one = await queued();
  server.refused.set(one.taskId, { record: 503 });
  await expect(join(one)).rejects.toMatchObject({ code: 'unavailable' });
  expect((await read(one)).failureCode).toBe('unavailable');
  server.refused.clear();
  await join(one, {}, 2);
  expect(await read(one)).not.toHaveProperty('failure');
});

describe('a source that is gone when a message comes again', () => {
  const remove = ({ taskId }: Task) => server.refused.set(taskId, { record: 404, data: 404 });

  test('ends no import that waits for its copy: the copy goes on, and asks for itself what it needs', async () => {
    const one = await queued();
    await join(one);
    const { copyId } = await read(one);
    remove(one);
    expect(await join(one, {}, 2)).toBeUndefined();
    expect(use().sent).toEqual([{ to: 'stream-image', message: { copyId } }]);
    expect(await read(one)).not.toHaveProperty('failure');
  });

  test('ends one that has not joined yet, and says why', async () => {
    const [one, other] = [await queued(), await queued()];
    await join(one);
    remove(other);
    await join(other);
    expect(use().sent).toEqual([{ to: 'fail-import', message: importRef(other) }]);
    expect((await read(other)).failure).toMatch(/^Source image .* was not found in region REGION1/);
  });
});

describe('an import that copies nothing', () => {
  test('since it sets formats and properties alone goes on with those', async () => {
    const task = await queued({ activation: 'none' });
    await join(task);
    const message = { ...importRef(task), activation: 'none' };
    expect(use().sent).toEqual([{ to: 'apply-metadata', message }]);
    expect(await read(task)).not.toHaveProperty('copyId');
  });

  test('since it has failed for good, where the attempt that said it died, ends', async () => {
    const task = await queued();
    await use().tasks.fail(task, { explanation: 'because', code: 'conflict' });
    await join(task);
    expect(use().sent).toEqual([{ to: 'fail-import', message: importRef(task) }]);
    expect(await read(task)).not.toHaveProperty('copyId');
  });

  test('since it has ended frees its target', async () => {
    const task = await queued();
    await use().tasks.finish(task, { status: 'success', message: 'the end' });
    await join(task);
    expect(await use().claims.holder(task)).toBeUndefined();
    expect(use().sent).toEqual([]);
  });

  test('since nobody knows it frees its target', async () => {
    const task = { ...taskFixture(), ...newImport() };
    await use().claims.take(importRef(task));
    await join(task);
    expect(await use().claims.holder(task)).toBeUndefined();
  });

  test('since it has ended while its source was looked at begins no copy', async () => {
    const task = await queued();
    const openAccess = (async ({ taskId }: Task) => {
      await use().tasks.finish(task, { status: 'failure', message: 'deleted' });
      return { download: downloadAs(server, taskId) };
    }) as unknown as OpenAccess;
    expect(await join(task, { openAccess })).toBeUndefined();
    expect(use().sent).toEqual([{ to: 'stream-image', message: importRef(task), delayS: 60 }]);
    expect(await read(task)).not.toHaveProperty('copyId');
    expect(await read(task)).toMatchObject({ status: 'failure', message: 'deleted' });
  });

  test.each(['create', 'join'] as const)(
    'since another attempt has ended it before its %s leaves the copy once more',
    async (call) => {
      const task = await queued();
      const first = call === 'join' ? await queued() : undefined;
      if (first) await join(first);
      const ended = async () => {
        await use().tasks.decide(task, { status: 'success', message: 'Copied 1 MiB' });
        const { copyId = expect.fail('no copy') } = await read(task);
        await copies.leave(copyId, importRef(task), 0);
      };
      const late: Copies = {
        ...copies,
        create: async (...made) => {
          await ended();
          return await copies.create(...made);
        },
      };
      expect(await join(task, { copies: late })).toBeUndefined();
      expect(await waitingFor(task)).toEqual(new Set(first ? [first.taskId] : []));
    },
  );

  test('since its source is gone fails, and says so', async () => {
    const task = await queued();
    server.refused.set(task.taskId, { record: 404 });
    await join(task);
    expect(use().sent).toEqual([{ to: 'fail-import', message: importRef(task) }]);
    expect((await read(task)).failure).toMatch(/^Source image .* was not found in region REGION1/);
  });

  test('since its source is away tries again, and keeps the reason', async () => {
    const task = await queued();
    server.refused.set(task.taskId, { record: 503 });
    await expect(join(task)).rejects.toMatchObject({ code: 'unavailable' });
    expect(use().sent).toEqual([]);
    expect((await read(task)).failureCode).toBe('unavailable');
  });
});

test('a web-download has a copy of its own, though its URL is the same', async () => {
  const [one, other] = [await queued(), await queued()];
  const web = { kind: 'web-download' } as const;
  const [first, second] = [await queued({ source: web }), await queued({ source: web })];
  for (const task of [one, other, first, second]) await join(task);
  const ids = await Promise.all([one, other, first, second].map(async (task) => (await read(task)).copyId));
  expect(new Set(ids).size).toBe(3);
  expect(ids[0]).toBe(ids[1]);
});

test.each([
  ['success', 'apply-metadata'],
  ['failure', 'fail-import'],
] as const)(
  'an import whose end is settled as a %s joins nothing, %s brings it to its end',
  async (status, to) => {
    const task = await queued();
    await use().tasks.decide(task, { status, message: 'settled' });
    await join(task);
    expect(use().sent).toMatchObject([{ to, message: importRef(task) }]);
    expect(await read(task)).not.toHaveProperty('copyId');
    expect(askedBy()).toEqual([]);
  },
);
