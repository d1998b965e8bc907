import { beforeEach, expect, test } from 'vitest';
import { createFailCopy, failCopy, unknownReason } from '../../../../lib/copies/end/fail-copy.ts';
import { newGeneration } from '../../../../lib/schemas/ids.ts';
import type { Copy, CopyFailure } from '../../../../lib/state/copy.ts';
import { importRef } from '../../../../lib/state/refs.ts';
import { createDeadline } from '../../../../lib/steps/deadline.ts';
import { runStep } from '../../../../lib/steps/run-step.ts';
import { lambdaContext } from '../../../integration/lambda.ts';
import { taskFixture } from '../../imports/task-fixture.ts';
import { makeCopy, newCopyId, useLocalState } from '../../local-state.ts';

const use = useLocalState();
const [one, other] = [taskFixture(), taskFixture()].sort((a, b) => a.imageId.localeCompare(b.imageId));
if (!one || !other) throw new Error('two imports');
const failure: CopyFailure = { reason: 'Failed to copy image 1: it has other bytes', code: 'data-mismatch' };
const transferred = { size: 1, digests: { sha512: 'd' } };
const toBoth = (to: string) => [one, other].map((ref) => ({ to, message: importRef(ref) }));

beforeEach(() => {
  use().sent.length = 0;
});

test('all who wait for a copy that has failed fail, for its first reason', async () => {
  const copy = await makeCopy(use(), [one, other]);
  expect(await failCopy(use(), copy, failure)).toEqual({ next: 'send', messages: toBoth('fail-import') });
  const later = { reason: 'something else', code: 'internal' } as const;
  expect(await failCopy(use(), copy, later)).toEqual({ next: 'send', messages: toBoth('fail-import') });
  expect((await use().copies.get(copy.copyId))?.failure).toEqual(failure);
  expect(await use().copies.join(copy.copyId, importRef(taskFixture()))).toBeUndefined();
});

test('each who waits has the reason in its own task, which stays when the copy is gone', async () => {
  const waiting = [taskFixture(), taskFixture()] as const;
  for (const task of waiting) await use().tasks.create(task);
  await failCopy(use(), await makeCopy(use(), waiting), failure);
  for (const task of waiting)
    expect(await use().tasks.get(task)).toMatchObject({
      failure: failure.reason,
      failureCode: 'data-mismatch',
    });
});

test('a run by an import’s message leaves several to the copy’s own, which comes again until all are served', async () => {
  const waiting = [taskFixture(), taskFixture()] as const;
  for (const task of waiting) await use().tasks.create(task);
  const copy = await makeCopy(use(), waiting);
  const messages = [{ to: 'stream-image', message: { copyId: copy.copyId } }];
  expect(await failCopy(use(), copy, failure, { isByImport: true })).toEqual({ next: 'send', messages });
  // Its own message would take an import to its end that knows why, and nobody would send for the others.
  for (const task of waiting) expect(await use().tasks.get(task)).not.toHaveProperty('failure');
});

test('a copy that is finished does not fail any more: it is handed on again', async () => {
  const copy = await makeCopy(use(), [one, other], { transferred });
  expect(await failCopy(use(), copy, failure)).toEqual({ next: 'send', messages: toBoth('apply-metadata') });
  expect(await use().copies.get(copy.copyId)).not.toHaveProperty('failure');
});

test('of a copy that is gone nobody is told', async () => {
  const gone = { copyId: newCopyId(), generation: newGeneration() };
  expect(await failCopy(use(), gone, failure)).toEqual({ next: 'done' });
});

test('the failure of an earlier making comes too late: the one that has begun anew goes on, and nobody is told', async () => {
  const copy = await makeCopy(use(), [one, other]);
  await use().copies.beginAnew(copy, newGeneration());
  expect(await failCopy(use(), copy, failure)).toEqual({ next: 'done' });
  expect(await use().copies.get(copy.copyId)).not.toHaveProperty('failure');
});

/** The step, for a dead letter of a row. */
const deadLetter = async ({ copyId }: Copy, row?: number): Promise<void> => {
  const services = { name: 'fail-import', send: use().send, heartbeatS: 60, retryDelayS: 1 } as const;
  const deadline = createDeadline(lambdaContext(), 0);
  const delivery = { receiveCount: 1, hideFor: async () => undefined };
  const message = { copyId, ...(row !== undefined && { row }) };
  await runStep(services, createFailCopy(use()), { message, delivery, deadline });
  deadline.close();
};

test('a dead letter of a row fails its copy with what the last try has said', async () => {
  const plan = { size: 10, partSize: 5, parts: 1, count: 2, atOnce: 2 };
  const copy = await makeCopy(use(), [one, other], { plan });
  await use().copies.keepReason(copy, { reason: 'the source does not answer', code: 'unavailable' });
  await deadLetter(copy, 2);
  expect(use().sent).toEqual(toBoth('fail-import'));
  const { failure: kept } = (await use().copies.get(copy.copyId)) ?? {};
  expect(kept).toEqual({ reason: 'the source does not answer', code: 'unavailable' });
});

test.each([
  ['it is past', { stored: { size: 1 } }],
  ['it was begun anew', {}],
  ['it was begun anew with fewer rows', { plan: { size: 20, partSize: 5, parts: 1, count: 4, atOnce: 2 } }],
])(
  'a dead letter of a row fails no copy where %s: another message has taken its place',
  async (_why, changes) => {
    const copy = await makeCopy(use(), [one, other], changes);
    await deadLetter(copy, 3);
    expect(use().sent).toEqual([]);
    expect(await use().copies.get(copy.copyId)).not.toHaveProperty('failure');
  },
);

test('a dead letter of a copy of which nobody has said anything says so', async () => {
  const copy = await makeCopy(use(), [one]);
  await deadLetter(copy);
  const { failure: kept } = (await use().copies.get(copy.copyId)) ?? {};
  expect(kept).toEqual({ reason: unknownReason, code: 'internal' });
});

test('who died before all were told tells them when its message comes again', async () => {
  const copy = await makeCopy(use(), [one, other]);
  await use().copies.fail(copy, failure);
  await deadLetter(copy);
  expect(use().sent).toEqual(toBoth('fail-import'));
  expect((await use().copies.get(copy.copyId))?.failure).toEqual(failure);
});
