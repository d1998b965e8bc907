import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createDynamoClient, createTable, type Table } from '../../../../lib/aws/table.ts';
import { type Claims, createClaims } from '../../../../lib/imports/record/claims.ts';
import { type ImageId, newAttemptId, newTaskId } from '../../../../lib/schemas/ids.ts';
import type { LocalAws } from '../../../cloud/aws/aws.ts';
import { startLocalAws } from '../../local-aws.ts';

const minute = 60_000;
const leaseMs = 50_000;
let aws: LocalAws;
let table: Table;
let claims: Claims;
let imageId: ImageId;

beforeAll(async () => {
  aws = await startLocalAws();
  table = createTable(createDynamoClient(), aws.tableName);
  claims = createClaims(table, { leaseMs });
});
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  imageId = newTaskId() as unknown as ImageId;
});
afterEach(() => vi.useRealTimers());
afterAll(() => aws.stop());

const later = (ms: number) => vi.setSystemTime(Date.now() + ms);
const attemptAt = (taskId: ReturnType<typeof newTaskId>) => ({ imageId, taskId, attempt: newAttemptId() });

const queuedTask = async () => {
  const taskId = newTaskId();
  expect(await claims.take(imageId, taskId)).toEqual({ replaced: undefined });
  await claims.queued(imageId, taskId);
  return taskId;
};

describe('an image', () => {
  test('belongs to one import at a time', async () => {
    const [first, second] = [newTaskId(), newTaskId()];
    expect(await claims.holder(imageId)).toBeUndefined();
    expect(await claims.take(imageId, first)).toEqual({ replaced: undefined });
    expect(await claims.take(imageId, second)).toBe(false);
    expect(await claims.holder(imageId)).toBe(first);
  });

  test('goes to exactly one of many imports that ask at once', async () => {
    const taken = await Promise.all(Array.from({ length: 10 }, () => claims.take(imageId, newTaskId())));
    expect(taken.filter(Boolean)).toHaveLength(1);
  });

  test('is free after its import has released it, and only that import can', async () => {
    const taskId = await queuedTask();
    await claims.release(imageId, newTaskId());
    expect(await claims.holder(imageId)).toBe(taskId);
    await claims.release(imageId, taskId);
    await claims.release(imageId, taskId);
    expect(await claims.holder(imageId)).toBeUndefined();
    await queuedTask();
  });

  test('whose request crashed before it was queued is free after a minute', async () => {
    const crashed = newTaskId();
    await claims.take(imageId, crashed);
    later(minute);
    expect(await claims.take(imageId, newTaskId())).toBe(false);
    later(1);
    expect(await claims.holder(imageId)).toBeUndefined();
    expect(await claims.take(imageId, newTaskId())).toEqual({ replaced: crashed });
  });

  test('for which nothing could be queued is given back, unless a step has begun all the same', async () => {
    const [unheard, heard] = [newTaskId(), newTaskId()];
    await claims.take(imageId, unheard);
    expect(await claims.takeBack(imageId, unheard, undefined)).toBe(true);
    await claims.take(imageId, heard);
    const attempt = attemptAt(heard);
    await claims.begin(attempt);
    await claims.pause(attempt);
    expect(await claims.takeBack(imageId, heard, undefined)).toBe(false);
    expect(await claims.holder(imageId)).toBe(heard);
  });

  test('is given back to the import that was pushed aside for it, as silent as that was', async () => {
    const [silent, unheard] = [await queuedTask(), newTaskId()];
    later(121 * minute);
    await claims.take(imageId, unheard);
    expect(await claims.takeBack(imageId, unheard, silent)).toBe(true);
    expect(await claims.holder(imageId)).toBeUndefined();
    expect(await claims.begin(attemptAt(silent))).toBe('mine');
  });

  test('that another request has taken meanwhile counts as given back', async () => {
    const [unheard, other] = [newTaskId(), newTaskId()];
    await claims.take(imageId, other);
    expect(await claims.takeBack(imageId, unheard, undefined)).toBe(true);
    expect(await claims.holder(imageId)).toBe(other);
  });

  test('that nobody has is taken by who has to end its import', async () => {
    const taskId = newTaskId();
    expect(await claims.begin(attemptAt(taskId))).toBe('lost');
    expect(await claims.begin({ ...attemptAt(taskId), mayEnd: true })).toBe('mine');
    expect(await claims.holder(imageId)).toBe(taskId);
  });

  test('has a claim that the table forgets, should all else be lost', async () => {
    const taskId = await queuedTask();
    await claims.begin({ ...attemptAt(taskId), segment: 1 });
    const items = await table.query(imageId, '');
    expect(items).toHaveLength(2);
    const days = items.map((item) => (Number(item['expiresAtS']) - Date.now() / 1000) / 86_400);
    expect(days.every((count) => count > 14 && count < 16)).toBe(true);
  });

  test('that waits in a queue is kept for two hours', async () => {
    const waiting = await queuedTask();
    later(120 * minute);
    expect(await claims.take(imageId, newTaskId())).toBe(false);
    later(1);
    expect(await claims.take(imageId, newTaskId())).toEqual({ replaced: waiting });
  });

  test('that went stale goes to one of two imports that see it at once', async () => {
    await queuedTask();
    later(121 * minute);
    const taken = await Promise.all([claims.take(imageId, newTaskId()), claims.take(imageId, newTaskId())]);
    expect(taken.filter(Boolean)).toHaveLength(1);
  });
});

describe('an attempt', () => {
  test('has the import for itself while its lease lasts', async () => {
    const taskId = await queuedTask();
    expect(await claims.begin(attemptAt(taskId))).toBe('mine');
    expect(await claims.begin(attemptAt(taskId))).toBe('live');
    later(leaseMs);
    expect(await claims.begin(attemptAt(taskId))).toBe('live');
    later(1);
    expect(await claims.begin(attemptAt(taskId))).toBe('mine');
  });

  test('keeps the import by renewing it, and learns when it has lost it', async () => {
    const taskId = await queuedTask();
    const [mine, other] = [attemptAt(taskId), attemptAt(taskId)];
    await claims.begin(mine);
    for (let beats = 0; beats < 30; beats += 1) {
      later(leaseMs - 1);
      expect(await claims.renew(mine)).toBe(true);
    }
    expect(await claims.begin(other)).toBe('live');
    expect(await claims.renew(other)).toBe(false);
    later(leaseMs + 1);
    expect(await claims.begin(other)).toBe('mine');
    expect(await claims.renew(mine)).toBe(false);
    await claims.pause(mine);
    expect(await claims.begin(attemptAt(taskId))).toBe('live');
  });

  test('that has paused is not brought back to life by a heartbeat that comes late', async () => {
    const taskId = await queuedTask();
    const paused = attemptAt(taskId);
    await claims.begin(paused);
    await claims.pause(paused);
    expect(await claims.renew(paused)).toBe(false);
    expect(await claims.begin(attemptAt(taskId))).toBe('mine');
  });

  test('that pauses leaves the import to the next one at once, and to no other import', async () => {
    const taskId = await queuedTask();
    const first = attemptAt(taskId);
    await claims.begin(first);
    await claims.pause(first);
    later(60 * minute);
    expect(await claims.holder(imageId)).toBe(taskId);
    expect(await claims.begin(attemptAt(taskId))).toBe('mine');
  });

  test('that dies frees the image after half an hour', async () => {
    const taskId = await queuedTask();
    await claims.begin(attemptAt(taskId));
    later(30 * minute + 1);
    expect(await claims.holder(imageId)).toBeUndefined();
    expect(await claims.take(imageId, newTaskId())).toEqual({ replaced: taskId });
    expect(await claims.begin(attemptAt(taskId))).toBe('lost');
  });

  test('of an import that has ended, or never was, is lost and leaves no claim', async () => {
    const taskId = await queuedTask();
    const attempt = attemptAt(taskId);
    await claims.begin(attempt);
    await claims.release(imageId, taskId);
    expect(await claims.renew(attempt)).toBe(false);
    await claims.pause(attempt);
    expect(await claims.begin(attempt)).toBe('lost');
    await claims.queued(imageId, taskId);
    expect(await claims.holder(imageId)).toBeUndefined();
  });

  test('that has begun before the request could say that it was queued stays live', async () => {
    const taskId = newTaskId();
    await claims.take(imageId, taskId);
    await claims.begin(attemptAt(taskId));
    await claims.queued(imageId, taskId);
    expect(await claims.begin(attemptAt(taskId))).toBe('live');
  });
});

describe('an attempt at a segment', () => {
  const segmentAt = (taskId: ReturnType<typeof newTaskId>, segment: number) => ({
    ...attemptAt(taskId),
    segment,
  });
  const keyOf = (id: ReturnType<typeof newTaskId>) => ({ imageId, id });

  test('has its segment for itself while its lease lasts, and others have theirs', async () => {
    const taskId = await queuedTask();
    const first = segmentAt(taskId, 1);
    expect(await claims.begin(first)).toBe('mine');
    expect(await claims.begin(segmentAt(taskId, 2))).toBe('mine');
    expect(await claims.begin(segmentAt(taskId, 1))).toBe('live');
    later(leaseMs + 1);
    expect(await claims.begin(segmentAt(taskId, 1))).toBe('mine');
    expect(await claims.renew(first)).toBe(false);
  });

  test('keeps its image for two hours from its last heartbeat: other segments may wait so long', async () => {
    const taskId = await queuedTask();
    await claims.begin(segmentAt(taskId, 1));
    later(119 * minute);
    expect(await claims.holder(imageId)).toBe(taskId);
    const second = segmentAt(taskId, 2);
    await claims.begin(second);
    later(119 * minute);
    expect(await claims.renew(second)).toBe(true);
    later(120 * minute);
    expect(await claims.holder(imageId)).toBe(taskId);
    later(1);
    expect(await claims.holder(imageId)).toBeUndefined();
  });

  test('of an import that is being ended is lost, and the end waits for it', async () => {
    const taskId = await queuedTask();
    const [working, dead] = [segmentAt(taskId, 1), segmentAt(taskId, 2)];
    await claims.begin(working);
    await claims.begin(dead);
    expect(await claims.end(keyOf(taskId), 'failure')).toBe(false);
    expect(await claims.renew(working)).toBe(false);
    await claims.pause(working);
    expect(await claims.end(keyOf(taskId), 'failure')).toBe(false);
    later(leaseMs + 1);
    expect(await claims.end(keyOf(taskId), 'failure')).toBe(true);
    expect(await claims.begin(segmentAt(taskId, 3))).toBe('live');
    expect(await claims.begin(attemptAt(taskId))).toBe('lost');
    expect(await claims.begin({ ...attemptAt(taskId), mayEnd: true })).toBe('mine');
    await claims.release(imageId, taskId);
    expect(await claims.begin(working)).toBe('lost');
    expect(await claims.begin(dead)).toBe('lost');
    expect(await table.query(imageId, '')).toEqual([]);
  });

  test('of an import that ends well comes again until it has ended, and its step may end it', async () => {
    const taskId = await queuedTask();
    expect(await claims.end(keyOf(taskId), 'success')).toBe(true);
    expect(await claims.begin(segmentAt(taskId, 1))).toBe('live');
    expect(await claims.begin(attemptAt(taskId))).toBe('mine');
  });

  test('whose import ends while it begins is lost, and leaves nothing', async () => {
    const taskId = await queuedTask();
    const ending: typeof table = {
      ...table,
      update: async (key, attributes, condition) => {
        if (key.item.startsWith('segment#')) await claims.release(imageId, taskId);
        return await table.update(key, attributes, condition);
      },
    };
    expect(await createClaims(ending, { leaseMs }).begin(segmentAt(taskId, 1))).toBe('lost');
    expect(await table.query(imageId, '')).toEqual([]);
  });

  test('of another import than the image’s is lost', async () => {
    await queuedTask();
    expect(await claims.begin(segmentAt(newTaskId(), 1))).toBe('lost');
  });

  test('tells whether more is stored than its forerunner found', async () => {
    const taskId = await queuedTask();
    const first = segmentAt(taskId, 1);
    await claims.begin(first);
    expect(await claims.advance(first, 0)).toBe(true);
    await claims.pause(first);
    const second = segmentAt(taskId, 1);
    await claims.begin(second);
    expect(await claims.advance(second, 0)).toBe(false);
    expect(await claims.advance(second, 3)).toBe(true);
    expect(await claims.advance(first, 4)).toBe(false);
  });
});
