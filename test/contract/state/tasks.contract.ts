import { beforeEach, describe, expect, test, vi } from 'vitest';
import { FerryError } from '../../../lib/errors.ts';
import type { RegionName } from '../../../lib/schemas/ids.ts';
import type { Task } from '../../../lib/state/task.ts';
import type { Tasks } from '../../../lib/state/tasks.ts';
import { day, hour, newCopyId, newTask } from './fixtures.ts';
import { type StateStore, ttlH } from './store.ts';

const start = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const transferred = { size: 5, digests: { sha512: 'ab' } };
const success = { status: 'success', message: 'done' } as const;
const failure = { status: 'failure', message: 'lost' } as const;

/** What `Tasks` promises. */
export const tasksContract = (storeOf: () => StateStore): void => {
  let tasks: Tasks;
  let task: Task;
  beforeEach(async () => {
    vi.setSystemTime(start);
    tasks = storeOf().open().tasks;
    task = newTask();
    await tasks.create(task);
  });
  const read = async (): Promise<Task> => (await tasks.get(task)) ?? expect.fail('no task');
  const expiry = async () => (await storeOf().expiriesOf(task.imageId))[0] ?? 0;

  describe('a task', () => {
    test('is kept as it was made, for 15 days if it never ends', async () => {
      expect(await read()).toEqual(task);
      expect(await expiry()).toBe(Math.floor((start + 15 * day) / 1000) * 1000);
    });

    test('changes, and knows when', async () => {
      vi.setSystemTime(start + 1000);
      const changed = { status: 'processing', copyId: newCopyId(), message: 'Copied 1 MiB' } as const;
      expect(await tasks.update(task, changed)).toBe(true);
      expect(await read()).toEqual({ ...task, ...changed, updatedAt: '2026-01-02T03:04:06.678000' });
      await tasks.update(task, { copyId: undefined });
      expect(await read()).not.toHaveProperty('copyId');
      expect((await read()).message).toBe('Copied 1 MiB');
    });

    test('keeps what it was told of the target, absent values as absent', async () => {
      const changes = { hw_x: { was: undefined, set: 'a' }, disk_format: { was: null, set: 'raw' } };
      await tasks.update(task, { changes });
      expect((await read()).changes).toEqual({ hw_x: { set: 'a' }, disk_format: { was: null, set: 'raw' } });
    });

    test('holds properties of 120 KiB, as they were and as they are to be', async () => {
      const wanted = { large: 'x'.repeat(120 * 1024), umlauts: 'ä'.repeat(100) };
      const changes = { large: { was: 'y'.repeat(120 * 1024), set: wanted.large } };
      expect(await tasks.update(task, { wanted, changes })).toBe(true);
      expect(await read()).toMatchObject({ wanted, changes });
    });

    test('that does not exist is not made by a change', async () => {
      const other = newTask(task);
      expect(await tasks.update(other, { message: 'x' })).toBe(false);
      await tasks.fail(other, new FerryError('not-found', 'x'));
      expect(await tasks.decide(other, failure)).toBeUndefined();
      await tasks.finish(other, failure);
      expect(await tasks.get(other)).toBeUndefined();
      expect(await storeOf().expiriesOf(other.taskId)).toEqual([]);
    });

    test('that was never queued can be taken back, one that a step has worked on cannot', async () => {
      expect(await tasks.takeBack(task)).toBe(true);
      expect(await tasks.get(task)).toBeUndefined();
      await tasks.create(task);
      await tasks.update(task, { status: 'processing' });
      expect(await tasks.takeBack(task)).toBe(false);
      expect(await read()).toMatchObject({ status: 'processing' });
    });

    test('keeps the last reason why it failed, until there is a final one', async () => {
      await tasks.fail(task, new FerryError('unavailable', 'one'));
      await tasks.fail(task, new FerryError('unavailable', 'two'));
      expect(await read()).toMatchObject({ failure: 'two', failureCode: 'unavailable' });
      await tasks.fail(task, new FerryError('not-found', 'three'));
      await tasks.fail(task, new FerryError('conflict', 'four'));
      await tasks.fail(task, new FerryError('unavailable', 'five'));
      expect(await read()).toMatchObject({ failure: 'three', failureCode: 'not-found' });
    });

    test('forgets why a try failed when a later one does not, unless it has failed for good', async () => {
      await tasks.fail(task, new FerryError('unavailable', 'one'));
      await tasks.recover(task);
      expect(await read()).not.toHaveProperty('failure');
      expect(await read()).not.toHaveProperty('failureCode');
      await tasks.fail(task, new FerryError('cancelled', 'two'));
      await tasks.recover(task);
      expect(await read()).toMatchObject({ failure: 'two', failureCode: 'cancelled' });
    });
  });

  describe('a task that ends', () => {
    test.each([success, failure])(
      'in $status forgets its secrets, is listed for 48 hours, and keeps the code of its failure',
      async (end) => {
        await tasks.update(task, { wanted: { a: 'b' }, changes: { a: { set: 'b' } }, isApplied: true });
        await tasks.update(task, { transferred, revivals: 3 });
        await tasks.fail(task, new FerryError('unavailable', 'x'));
        await tasks.decide(task, end);
        vi.setSystemTime(start + 2000);
        await tasks.finish(task, end);
        const { sealed, ...rest } = task;
        expect(await read()).toEqual({
          ...{ ...rest, ...end, transferred },
          ...(end.status === 'failure' && { failureCode: 'unavailable' }),
          updatedAt: '2026-01-02T03:04:07.678000',
          expiresAt: '2026-01-04T03:04:07.678000',
        });
        expect(await expiry()).toBe(Math.floor((start + 2000 + ttlH * hour) / 1000) * 1000);
      },
    );

    test('ends in one way: what is settled first stays', async () => {
      expect(await tasks.decide(task, success)).toEqual(success);
      expect(await tasks.decide(task, failure)).toEqual(success);
      await tasks.finish(task, success);
      expect(await tasks.decide(task, failure)).toBeUndefined();
    });

    test('ends in one way also where two settle it at once', async () => {
      const settled = await Promise.all([success, failure].map((end) => tasks.decide(task, end)));
      expect(settled[0]).toEqual(settled[1]);
      expect((await read()).ending).toEqual(settled[0]);
    });

    test('stays ended: no change reaches it any more', async () => {
      await tasks.finish(task, success);
      const ended = await read();
      vi.setSystemTime(start + 5000);
      expect(await tasks.update(task, { status: 'processing', message: 'late' })).toBe(false);
      await tasks.fail(task, new FerryError('not-found', 'late'));
      await tasks.finish(task, failure);
      expect(await read()).toEqual(ended);
    });
  });

  describe('the tasks of a target', () => {
    test('are listed oldest first, those of other images and other regions never', async () => {
      const made = [task];
      for (const ms of [3000, 1000, 2000]) {
        vi.setSystemTime(start + ms);
        made.push(newTask(task));
      }
      const elsewhere = [newTask(), newTask({ ...task, region: 'Zürich' as RegionName })];
      for (const one of [...made.slice(1), ...elsewhere]) await tasks.create(one);
      const ids = [...made]
        .sort((a, b) => a.createdAt.localeCompare(b.createdAt))
        .map(({ taskId }) => taskId);
      expect((await tasks.list(task)).map(({ taskId }) => taskId)).toEqual(ids);
    });

    test('are listed all, however large', async () => {
      const large = Array.from({ length: 10 }, () => newTask(task));
      for (const one of large) await tasks.create({ ...one, wanted: { large: 'x'.repeat(120 * 1024) } });
      expect(await tasks.list(task)).toHaveLength(11);
    });
  });

  test('each write may be sent twice, and knows its own', async () => {
    const { tasks: losing } = storeOf().openLosing();
    const twice = newTask();
    await losing.create(twice);
    expect(await losing.update(twice, { status: 'processing', message: 'x' })).toBe(true);
    await losing.fail(twice, new FerryError('not-found', 'gone'));
    expect(await losing.decide(twice, success)).toEqual(success);
    expect(await losing.decide(twice, failure)).toEqual(success);
    expect(await tasks.get(twice)).toMatchObject({ failure: 'gone', message: 'x', ending: success });
    await losing.finish(twice, success);
    expect(await tasks.get(twice)).toMatchObject(success);
    expect(await losing.takeBack(task)).toBe(true);
  });
};
