import { beforeEach, describe, expect, test } from 'vitest';
import type { Download } from '../../../../lib/download/download.ts';
import { FerryError } from '../../../../lib/errors.ts';
import type { OpenAccess } from '../../../../lib/imports/access/access.ts';
import { createWaiters } from '../../../../lib/imports/record/waiters.ts';
import { type ImageId, newTaskId } from '../../../../lib/schemas/ids.ts';
import { importRef } from '../../../../lib/state/refs.ts';
import type { Task } from '../../../../lib/state/task.ts';
import { useLocalState } from '../../local-state.ts';
import { useGlance } from '../glance-of-its-own.ts';
import { taskFixture } from '../task-fixture.ts';

const use = useLocalState();
const useTarget = useGlance({});
const { signal } = new AbortController();
const download = { name: 'the source' } as Download;
const failure = { explanation: 'no such image', code: 'not-found' } as const;
let task: Task;

/** An import that waits for a copy, its target queued. */
beforeEach(async () => {
  use().sent.length = 0;
  task = taskFixture((await useTarget().region.createImage({})).id as ImageId);
  await use().claims.take(importRef(task));
  await use().tasks.create(task);
});

const waiters = () => {
  const openAccess = (async () => ({ target: useTarget().glance, download })) as unknown as OpenAccess;
  return createWaiters({ ...use(), openAccess });
};
const open = () => waiters().open(importRef(task), { signal });
const keep = () => waiters().keep(importRef(task), { signal });

describe('the source is opened with the rights of an import', () => {
  test('that waits', async () => {
    expect(await open()).toBe(download);
  });

  test.each<[string, () => Promise<unknown>]>([
    ['that has failed for good', () => use().tasks.fail(task, failure)],
    ['whose end is settled', () => use().tasks.decide(task, { status: 'failure', message: 'why' })],
    ['that has ended', () => use().tasks.finish(task, { status: 'failure', message: 'why' })],
    ['that nobody knows', () => use().tasks.takeBack(task)],
  ])('but of none %s', async (_, happens) => {
    await happens();
    expect(await open()).toBeUndefined();
  });

  test('and one that has failed is sent to its end again: who failed it may have died before', async () => {
    await use().tasks.fail(task, failure);
    await open();
    expect(use().sent).toEqual([{ to: 'fail-import', message: importRef(task) }]);
  });

  test('also after a try that failed for a while', async () => {
    await use().tasks.fail(task, { explanation: 'away', code: 'unavailable' });
    expect(await open()).toBe(download);
  });
});

describe('an import that waits', () => {
  test('is kept while its target is queued', async () => {
    await keep();
  });

  test('waits no more when its target was deleted or given other data', async () => {
    const { region } = useTarget();
    region.change(task.imageId, { status: 'active' });
    await expect(keep()).rejects.toMatchObject({ code: 'conflict' });
    await region.remove(task.imageId);
    await expect(keep()).rejects.toMatchObject({ code: 'not-found' });
  });

  test('waits no more when another import has its target, or it has ended', async () => {
    await use().claims.release(importRef(task));
    await use().claims.take({ ...importRef(task), taskId: newTaskId() });
    await expect(keep()).rejects.toMatchObject({ code: 'conflict' });
  });

  test('waits no more when it has failed, and is sent to its end', async () => {
    await waiters().fail(importRef(task), new FerryError('unauthorized', 'the token has ended'));
    expect(use().sent).toEqual([{ to: 'fail-import', message: importRef(task) }]);
    expect(await use().tasks.get(task)).toMatchObject({ failure: 'the token has ended' });
    await expect(keep()).rejects.toMatchObject({ code: 'conflict' });
  });
});
