import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createClaims } from '../../../../lib/aws/state/claims.ts';
import { claimKey } from '../../../../lib/aws/state/keys.ts';
import { createTasks } from '../../../../lib/aws/state/tasks.ts';
import { createDynamoClient, createTable, type Table } from '../../../../lib/aws/table.ts';
import { FerryError } from '../../../../lib/errors.ts';
import { type EnqueueServices, enqueueImport } from '../../../../lib/imports/request/enqueue-import.ts';
import { log } from '../../../../lib/log.ts';
import { newAttemptId, type RegionName } from '../../../../lib/schemas/ids.ts';
import type { Announce, StateChange } from '../../../../lib/state/announce.ts';
import type { Claims } from '../../../../lib/state/claims.ts';
import type { Send, Sending, StepName } from '../../../../lib/state/messages.ts';
import { importRef } from '../../../../lib/state/refs.ts';
import type { Task } from '../../../../lib/state/task.ts';
import type { Tasks } from '../../../../lib/state/tasks.ts';
import type { LocalAws } from '../../../cloud/aws/aws.ts';
import { losingClient } from '../../../losing-client.ts';
import { startLocalAws } from '../../local-aws.ts';
import { taskFixture } from '../task-fixture.ts';

let aws: LocalAws;
let table: Table;
let tasks: Tasks;
let claims: Claims;
let task: Task;
let sent: Sending[];
let told: StateChange[];
let services: EnqueueServices;

const away = () => Promise.reject(new FerryError('unavailable', 'no service'));
const send: Send = async (sending) => void sent.push(sending);
const announce: Announce = async (change) => void told.push(change);
/** A queue that cannot be reached. */
const without =
  (to: StepName): Send =>
  (sending) =>
    sending.to === to ? away() : send(sending);

beforeAll(async () => {
  log.setLogLevel('SILENT');
  aws = await startLocalAws();
  table = createTable(createDynamoClient(), aws.tableName);
  tasks = createTasks(table, { ttlH: 48 });
  claims = createClaims(table, { leaseMs: 50_000 });
});
beforeEach(() => {
  sent = [];
  task = taskFixture();
  told = [];
  services = { tasks, claims, send, announce };
});
afterAll(() => aws.stop());

const itemsOf = async (): Promise<readonly unknown[]> =>
  (await table.query(claimKey(task).subject, '')).map(({ item }) => item);

test('an import is claimed, kept and queued', async () => {
  await enqueueImport(services, task);
  expect(sent).toEqual([{ to: 'stream-image', message: importRef(task) }]);
  expect(await claims.holder(task)).toBe(task.taskId);
  expect(await tasks.get(task)).toMatchObject({ status: 'pending' });
});

test('an import that is queued is told of as pending, once; who only asked in vain is not', async () => {
  await enqueueImport(services, task);
  const { region, imageId, taskId, requestId } = task;
  const ids = { region, imageId, taskId, requestId, projectId: 'project' };
  expect(told).toEqual([{ ...ids, state: 'pending', seconds: expect.any(Number) }]);
  await expect(enqueueImport(services, taskFixture(task.imageId))).rejects.toThrow('still in progress');
  expect(told).toHaveLength(1);
});

test('the same image id in another region is another target: both are claimed and queued', async () => {
  const other = { ...taskFixture(task.imageId), region: 'REGION3' as RegionName };
  await enqueueImport(services, task);
  await enqueueImport(services, other);
  expect(sent.map(({ message }) => message)).toEqual([importRef(task), importRef(other)]);
  expect([await claims.holder(task), await claims.holder(other)]).toEqual([task.taskId, other.taskId]);
  expect((await tasks.list(other)).map(({ taskId }) => taskId)).toEqual([other.taskId]);
});

test('an import whose every write is sent twice, since its answer was lost, is accepted once', async () => {
  const losing = createTable(losingClient(), aws.tableName);
  const lost = {
    ...services,
    tasks: createTasks(losing, { ttlH: 48 }),
    claims: createClaims(losing, { leaseMs: 50_000 }),
  };
  await enqueueImport(lost, task);
  expect(sent).toEqual([{ to: 'stream-image', message: importRef(task) }]);
  expect(await claims.holder(task)).toBe(task.taskId);
  expect((await tasks.list(task)).map(({ taskId }) => taskId)).toEqual([task.taskId]);
});

describe('an answer of 5xx', () => {
  test('because the message could not be sent leaves nothing', async () => {
    await expect(enqueueImport({ ...services, send: without('stream-image') }, task)).rejects.toThrow(
      'no service',
    );
    expect(await itemsOf()).toEqual([]);
    expect(told).toEqual([]);
  });

  test('because the task could not be kept leaves nothing and sends nothing', async () => {
    const failing = { ...services, tasks: { ...tasks, create: away } };
    await expect(enqueueImport(failing, task)).rejects.toThrow('no service');
    expect(await itemsOf()).toEqual([]);
    expect(sent).toEqual([]);
  });

  test('because the claim’s answer is lost leaves nothing', async () => {
    const take = async (...args: Parameters<Claims['take']>) => {
      await claims.take(...args);
      return await away();
    };
    await expect(enqueueImport({ ...services, claims: { ...claims, take } }, task)).rejects.toThrow(
      'no service',
    );
    expect(await itemsOf()).toEqual([]);
  });

  test('while nothing can be taken back leaves the image free after a minute', async () => {
    const stuck = { ...services, claims: { ...claims, takeBack: away }, send: away };
    await expect(enqueueImport(stuck, task)).rejects.toThrow('no service');
    const claim = await table.get(claimKey(task));
    expect(Number(claim?.['staleAt'])).toBeLessThanOrEqual(Date.now() + 60_000);
  });
});

test('a message whose answer was lost is an import that runs, and is answered so', async () => {
  const send = async (): Promise<void> => {
    expect(await claims.begin(importRef(task), newAttemptId())).toBe('mine');
    await away();
  };
  await enqueueImport({ ...services, send }, task);
  expect(await claims.holder(task)).toBe(task.taskId);
  expect(told).toMatchObject([{ state: 'pending' }]);
});

test('a claim that cannot be marked as queued does not fail an import that is', async () => {
  await enqueueImport({ ...services, claims: { ...claims, queued: away } }, task);
  expect(sent).toHaveLength(1);
});

describe('an import that was silent for long', () => {
  const silent = async (): Promise<Task> => {
    const before = taskFixture(task.imageId);
    await enqueueImport(services, before);
    await tasks.update(before, { changes: { hw_a: { was: 'old', set: 'new' } } });
    await table.update(claimKey(task), { staleAt: 0 });
    sent = [];
    return before;
  };

  test('is sent to its end, and leaves what it has set on the target to be rolled back', async () => {
    const before = await silent();
    await enqueueImport(services, task);
    expect(sent).toEqual([
      { to: 'stream-image', message: importRef(task) },
      { to: 'fail-import', message: importRef(before) },
    ]);
    expect(await tasks.get(task)).toMatchObject({ changes: { hw_a: { was: 'old', set: 'new' } } });
    expect(await tasks.get(before)).toMatchObject({ status: 'pending' });
  });

  test('is not ended by a request that is answered 5xx, and keeps its claim', async () => {
    const before = await silent();
    await expect(enqueueImport({ ...services, send: without('stream-image') }, task)).rejects.toThrow(
      'no service',
    );
    expect(sent).toEqual([]);
    expect(await claims.begin(importRef(before), newAttemptId())).toBe('mine');
    expect(await tasks.get(task)).toBeUndefined();
  });

  test('is not forgotten when the next request dies before it could say what it takes over', async () => {
    await silent();
    const dead = taskFixture(task.imageId);
    await claims.take(importRef(dead));
    await table.update(claimKey(task), { staleAt: 0 });
    await enqueueImport(services, task);
    expect(await tasks.get(task)).toMatchObject({ changes: { hw_a: { was: 'old', set: 'new' } } });
  });

  test('is not in the way of the new one when it cannot be sent to its end', async () => {
    await silent();
    await enqueueImport({ ...services, send: without('fail-import') }, task);
    expect(await claims.holder(task)).toBe(task.taskId);
  });
});
