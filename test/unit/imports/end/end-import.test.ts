import { beforeEach, describe, expect, test } from 'vitest';
import { objectKey } from '../../../../lib/copies/record/object-key.ts';
import { endImport } from '../../../../lib/imports/end/end-import.ts';
import { log } from '../../../../lib/log.ts';
import type { Copy } from '../../../../lib/state/copy.ts';
import { importRef } from '../../../../lib/state/refs.ts';
import type { Ending, Task } from '../../../../lib/state/task.ts';
import { dyingAfter, type LocalState, makeCopy, useLocalState } from '../../local-state.ts';
import { taskFixture } from '../task-fixture.ts';

const use = useLocalState();
const { signal } = new AbortController();
const success: Ending = { status: 'success', message: 'Copied 1 MiB' };
const failure: Ending = { status: 'failure', message: 'no such source' };
let task: Task;
let copy: Copy;

/** An import in its middle: a copy with a part and an upload. */
const begin = async (...others: readonly Task[]): Promise<void> => {
  const { claims, tasks, copies, relay } = use();
  const fresh = taskFixture();
  copy = await makeCopy(use(), [fresh, ...others]);
  await relay.createUpload(objectKey(copy), { signal });
  await copies.savePart(copy, { number: 1, etag: 'e', size: 1, checksum: 'c' });
  task = { ...fresh, copyId: copy.copyId };
  await claims.take(task);
  await tasks.create(task);
};
beforeEach(async () => {
  use().sent.length = 0;
  use().told.length = 0;
  await begin();
});

const end = (ending: Ending, services: LocalState = use()) =>
  endImport(services, { task, signal, log }, ending);
const itemsOf = async (subject: string) => (await use().table.query(subject, '')).map(({ item }) => item);
const expectNothingLeft = async (): Promise<void> => {
  expect(await itemsOf(`image#${task.imageId}#${task.region}`)).toEqual([`task#${task.taskId}`]);
  expect(await itemsOf(`copy#${copy.copyId}`)).toEqual([]);
  expect([...(await use().relay.keysUnder(objectKey(copy), { signal }))]).toEqual([]);
};

test.each([
  ['not-found', false],
  ['data-mismatch', false],
  ['unavailable', false],
  ['limit-exceeded', true],
] as const)('a finished copy whose last import fails with %s is kept: %s', async (failureCode, isKept) => {
  const fresh = { ...taskFixture(), failureCode };
  copy = await makeCopy(use(), [fresh], { transferred: { size: 1, digests: { sha512: 'd' } } });
  task = { ...fresh, copyId: copy.copyId };
  await use().tasks.create(task);
  await endImport({ ...use(), keepMs: 3_600_000 }, { task, signal, log }, failure);
  expect((await use().copies.get(copy.copyId)) !== undefined).toBe(isKept);
});

describe.each([success, failure])('the end in $status', (ending) => {
  test('leaves the task alone, which says how, without its token', async () => {
    await end(ending);
    await expectNothingLeft();
    const ended = await use().tasks.get(task);
    expect(ended).toMatchObject(ending);
    expect(ended).not.toHaveProperty('sealed');
    expect(ended).not.toHaveProperty('ending');
  });

  test('is told with what was copied, before the task says so', async () => {
    task = { ...task, status: 'processing', transferred: { size: 7, digests: { sha512: 'd' } } };
    const { announce, tasks, told } = use();
    const statusThen: (string | undefined)[] = [];
    const telling: typeof announce = async (change) => {
      statusThen.push((await tasks.get(task))?.status);
      await announce(change);
    };
    await end(ending, { ...use(), announce: telling });
    expect(statusThen).toEqual(['pending']); // as the test has created it
    const { region, imageId, taskId, requestId, copyId } = task;
    const ids = { region, imageId, taskId, requestId, copyId, projectId: 'project' };
    const what = { state: ending.status, previous: 'processing', bytes: 7, sha512: 'd' };
    const failed =
      ending.status === 'failure' ? { failure: { reason: ending.message, code: 'internal' } } : {};
    expect(told).toEqual([{ ...ids, ...what, ...failed, seconds: expect.any(Number) }]);
  });

  test('may run twice, also side by side', async () => {
    await Promise.all([end(ending), end(ending)]);
    await end(ending);
    await expectNothingLeft();
    expect(await use().tasks.get(task)).toMatchObject(ending);
  });
});

test('the copy goes on for those who still wait for it', async () => {
  const other = taskFixture();
  await begin(other);
  await end(failure);
  expect((await use().copies.get(copy.copyId))?.waiting).toEqual([importRef(other)]);
  expect(use().sent).toEqual([{ to: 'stream-image', message: { copyId: copy.copyId } }]);
  expect(await use().tasks.get(task)).toMatchObject(failure);
  expect(await use().claims.holder(task)).toBeUndefined();
});

test('the last two that end at the same moment leave nothing', async () => {
  const other = taskFixture();
  await begin(other);
  await use().tasks.create({ ...other, copyId: copy.copyId });
  const othersEnd = endImport(use(), { task: { ...other, copyId: copy.copyId }, signal, log }, failure);
  await Promise.all([end(success), othersEnd]);
  await expectNothingLeft();
  expect(await use().tasks.get(other)).toMatchObject(failure);
});

test('an import without a copy ends as well', async () => {
  const { copyId: _, ...alone } = { ...task, ...importRef(taskFixture()) };
  await use().claims.take(alone);
  await use().tasks.create(alone);
  await endImport(use(), { task: alone, signal, log }, success);
  expect(await use().tasks.get(alone)).toMatchObject(success);
  expect(await use().claims.holder(alone)).toBeUndefined();
});

test.each(['decide', 'end', 'leave', 'abortUpload', 'clear', 'forgetParts', 'remove', 'finish', 'release'])(
  'an end that dies after %s is the same when it is entered again, whatever enters it',
  async (call) => {
    const { tasks, claims, copies, relay } = use();
    const attempt = { tasks: dyingAfter(tasks, call), claims: dyingAfter(claims, call) };
    const uploadId = await relay.createUpload(objectKey(copy), { signal });
    const leave: typeof copies.leave = async (...args) => {
      const left = await copies.leave(...args);
      return left.state === 'ending' ? { ...left, copy: { ...left.copy, uploadId } } : left;
    };
    const dying = {
      ...{ ...use(), ...attempt, relay: dyingAfter(relay, call) },
      copies: dyingAfter({ ...copies, leave }, call),
    };
    await expect(end(success, dying)).rejects.toThrow(`dead after ${call}`);
    const left = (await tasks.get(task)) ?? task;
    await end(left.ending ?? failure);
    expect(new Set(use().told.map(({ state }) => state))).toEqual(new Set(['success']));
    expect(await tasks.get(task)).toMatchObject(success);
    await expectNothingLeft();
  },
);

test('an end that dies as soon as it has told of itself is told again', async () => {
  const announce = async () => Promise.reject(new Error('dead'));
  await expect(end(success, { ...use(), announce })).rejects.toThrow('dead');
  expect(await use().tasks.get(task)).toMatchObject({ status: 'pending', ending: success });
  await end(failure);
  expect(use().told).toMatchObject([{ state: 'success' }]);
  await expectNothingLeft();
});
