import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createDynamoClient, createTable, type Table } from '../../../../lib/aws/table.ts';
import { FerryError } from '../../../../lib/errors.ts';
import type { Task } from '../../../../lib/state/task.ts';
import { createTasks, type Tasks } from '../../../../lib/imports/record/tasks.ts';
import type { LocalAws } from '../../../cloud/aws/aws.ts';
import { startLocalAws } from '../../local-aws.ts';
import { taskFixture } from '../task-fixture.ts';

let aws: LocalAws;
let table: Table;
let tasks: Tasks;
let task: Task;
const start = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const hour = 3_600_000;

beforeAll(async () => {
  aws = await startLocalAws();
  table = createTable(createDynamoClient(), aws.tableName);
  tasks = createTasks(table, { ttlH: 48 });
});
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: start });
  task = taskFixture();
  await tasks.create(task);
});
afterEach(() => vi.useRealTimers());
afterAll(() => aws.stop());

const read = async (): Promise<Task> => (await tasks.get(task)) ?? expect.fail('no task');
const part = (number: number) => ({ number, etag: `"${number}"`, size: 5, checksum: 'AAAABw==' });
const itemsOf = async () => (await table.query(task.imageId, '')).map(({ item }) => item);
const expiryOf = async () => Number((await table.query(task.imageId, 'task#'))[0]?.['expiresAtS']) * 1000;

describe('a task', () => {
  test('is kept as it was made, for 15 days if it never ends', async () => {
    expect(await read()).toMatchObject(task);
    expect(await expiryOf()).toBe(Math.floor((start + 15 * 24 * hour) / 1000) * 1000);
  });

  test('changes, and knows when', async () => {
    vi.setSystemTime(start + 1000);
    await tasks.update(task, { status: 'processing', uploadId: 'u', message: 'Copied 1 MiB' });
    const changed = { status: 'processing', uploadId: 'u', message: 'Copied 1 MiB' };
    expect(await read()).toMatchObject({
      ...changed,
      updatedAt: '2026-01-02T03:04:06.678000',
      createdAt: task.createdAt,
    });
    await tasks.update(task, { uploadId: undefined });
    expect(await read()).not.toHaveProperty('uploadId');
    expect((await read()).message).toBe('Copied 1 MiB');
  });

  test('keeps what it was told of the target, absent values as absent', async () => {
    const changes = { hw_x: { was: undefined, set: 'a' }, disk_format: { was: null, set: 'raw' } };
    await tasks.update(task, { changes });
    expect((await read()).changes).toEqual({ hw_x: { set: 'a' }, disk_format: { was: null, set: 'raw' } });
  });

  test('that does not exist is not made by a change', async () => {
    const other = taskFixture(task.imageId);
    await tasks.update(other, { message: 'x' });
    await tasks.finish(other, { status: 'failure', message: 'x' });
    expect(await tasks.get(other)).toBeUndefined();
  });

  test('that was never queued can be taken back', async () => {
    await tasks.takeBack(task);
    expect(await itemsOf()).toEqual([]);
  });
});

describe('a task that ends', () => {
  test.each(['success', 'failure'] as const)(
    'in %s forgets its secrets and checkpoints, and is listed for 48 hours',
    async (status) => {
      await tasks.savePart(task, part(1));
      const changes = { hw_x: { set: 'a' } };
      await tasks.update(task, { uploadId: 'u', changes, transferred: { size: 5, digests: {} } });
      await tasks.fail(task, new FerryError('unavailable', 'x'));
      vi.setSystemTime(start + 2000);
      await tasks.forgetCopy(task);
      await tasks.finish(task, { status, message: 'the end' });
      const { imageId, id, requestId } = task;
      expect(await read()).toMatchObject({
        ...{ imageId, id, requestId, status, message: 'the end' },
        updatedAt: '2026-01-02T03:04:07.678000',
        expiresAt: '2026-01-04T03:04:07.678000',
      });
      for (const name of ['sealed', 'changes', 'uploadId', 'failure'])
        expect(await read()).not.toHaveProperty(name);
      expect(await expiryOf()).toBe(Math.floor((start + 2000 + 48 * hour) / 1000) * 1000);
      expect(await itemsOf()).toEqual([`task#${task.id}`]);
    },
  );

  test('ends in one way: what is settled first stays', async () => {
    const success = { status: 'success', message: 'done' } as const;
    const failure = { status: 'failure', message: 'lost' } as const;
    expect(await tasks.decide(task, success)).toEqual(success);
    expect(await tasks.decide(task, failure)).toEqual(success);
    await tasks.finish(task, success);
    expect(await tasks.decide(task, failure)).toBeUndefined();
  });

  test('is not taken back once a step has worked on it', async () => {
    await tasks.update(task, { status: 'processing' });
    expect(await tasks.takeBack(task)).toBe(false);
    expect(await read()).toMatchObject({ status: 'processing' });
  });

  test('stays ended: no change reaches it any more', async () => {
    await tasks.finish(task, { status: 'success', message: 'the end' });
    const ended = await read();
    vi.setSystemTime(start + 5000);
    await tasks.update(task, { status: 'processing', message: 'late' });
    await tasks.finish(task, { status: 'failure', message: 'later' });
    expect(await read()).toEqual(ended);
  });
});

test('tasks of an image are listed oldest first, those of other images never', async () => {
  const made = [task];
  for (const ms of [3000, 1000, 2000]) {
    vi.setSystemTime(start + ms);
    const another = taskFixture(task.imageId);
    await tasks.create(another);
    made.push(another);
  }
  await tasks.create(taskFixture());
  const ids = [...made].sort((a, b) => a.createdAt.localeCompare(b.createdAt)).map(({ id }) => id);
  expect((await tasks.list(task.imageId)).map(({ id }) => id)).toEqual(ids);
});

describe('checkpoints', () => {
  test('are kept by number, the last one of a number counts', async () => {
    for (const number of [10_000, 2, 1]) await tasks.savePart(task, part(number));
    await tasks.savePart(task, { ...part(2), etag: 'again' });
    const parts = await tasks.parts(task);
    expect([...parts.keys()]).toEqual([1, 2, 10_000]);
    expect(parts.get(2)).toMatchObject({ number: 2, etag: 'again', size: 5, checksum: 'AAAABw==' });
  });

  test('belong to one task', async () => {
    const other = taskFixture(task.imageId);
    await tasks.savePart(task, part(1));
    await tasks.savePart(other, part(2));
    await tasks.forgetParts(task);
    expect((await tasks.parts(task)).size).toBe(0);
    expect([...(await tasks.parts(other)).keys()]).toEqual([2]);
  });
});
