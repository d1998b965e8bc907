import { beforeEach, expect, test } from 'vitest';
import type { Targets } from '../../../../lib/imports/access/targets.ts';
import { createListTasks } from '../../../../lib/imports/record/list-tasks.ts';
import type { ImageId, RegionName, Token } from '../../../../lib/schemas/ids.ts';
import type { CopyChanges } from '../../../../lib/state/copy.ts';
import type { Task } from '../../../../lib/state/task.ts';
import { makeCopy, useLocalState } from '../../local-state.ts';
import { useGlance } from '../glance-of-its-own.ts';
import { taskFixture } from '../task-fixture.ts';

const MiB = 1024 ** 2;
const use = useLocalState();
const useTarget = useGlance({});
const { signal } = new AbortController();
let imageId: ImageId;

beforeEach(async () => {
  imageId = (await useTarget().region.createImage({})).id as ImageId;
});

/** As a caller sees them whose image service is the same in each region. */
const listed = async (more: { region?: string; projectId?: string; roles?: string[] } = {}) => {
  const { region = 'REGION2', projectId = 'project', roles = [] } = more;
  const identity = { userId: 'u', projectId, roles, catalog: [], expiresAtMs: 0 };
  const caller: Targets['caller'] = async () => ({
    identity,
    region: region as RegionName,
    target: useTarget().glance,
  });
  const targets = { caller } as Targets;
  const shown = await createListTasks({ ...use(), targets })({ imageId, token: 't' as Token, signal });
  return shown.map(({ id, message }) => [id, message]);
};
const keep = async (more: Partial<Task> = {}): Promise<Task> => {
  const task = { ...taskFixture(imageId), ...more };
  await use().tasks.create(task);
  return task;
};

test.each<[string, CopyChanges, string]>([
  ['is copied', { copied: 512 * MiB }, 'Copied 512 MiB'],
  ['is proven', { stored: { size: 2048 * MiB } }, 'Verified 0 MiB of 2048 MiB'],
  [
    'is half proven',
    { stored: { size: 2048 * MiB }, verification: { offset: 1024 * MiB, states: {} } },
    'Verified 1024 MiB of 2048 MiB',
  ],
])(
  'an import that waits for a copy shows what of it %s, whoever has begun it',
  async (_, changes, message) => {
    const copy = await makeCopy(use(), [taskFixture(), taskFixture(imageId)], changes);
    const { taskId } = await keep({ status: 'processing', copyId: copy.copyId });
    expect(await listed()).toEqual([[taskId, message]]);
  },
);

test('one that has no copy yet, or has it no more, shows what it says itself', async () => {
  const fresh = await keep();
  const copy = await makeCopy(use(), [taskFixture()], { copied: MiB });
  const ended = await keep({ status: 'failure', message: 'why', copyId: copy.copyId });
  expect(await listed()).toEqual([
    [fresh.taskId, ''],
    [ended.taskId, 'why'],
  ]);
});

test('of the same image id in two regions each shows its own', async () => {
  const here = await keep();
  const there = await keep({ region: 'Süd West' as RegionName });
  expect(await listed()).toEqual([[here.taskId, '']]);
  expect(await listed({ region: 'Süd West' })).toEqual([[there.taskId, '']]);
  expect(await listed({ region: 'süd west' })).toEqual([]);
});

test('tasks are their project’s and the admin’s', async () => {
  const { taskId } = await keep();
  expect(await listed({ projectId: 'another' })).toEqual([]);
  expect(await listed({ projectId: 'another', roles: ['Admin'] })).toEqual([[taskId, '']]);
});
