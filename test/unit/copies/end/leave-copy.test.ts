import { beforeEach, describe, expect, test } from 'vitest';
import { type Leaving, leaveCopy } from '../../../../lib/copies/end/leave-copy.ts';
import { objectKey } from '../../../../lib/copies/record/object-key.ts';
import type { Copy } from '../../../../lib/state/copy.ts';
import { importRef } from '../../../../lib/state/refs.ts';
import { glanceTime } from '../../../../lib/state/task.ts';
import { taskFixture } from '../../imports/task-fixture.ts';
import { makeCopy, newCopyId, relayOf, useLocalState } from '../../local-state.ts';

const use = useLocalState();
const { signal } = new AbortController();
const transferred = { size: 1, digests: { sha512: 'd' } };
const [one, other] = [taskFixture(), taskFixture()];

beforeEach(() => {
  use().sent.length = 0;
});

const leave = ({ copyId }: Pick<Copy, 'copyId'>, ref: Leaving = one, keepMs = 0) =>
  leaveCopy({ ...use(), keepMs }, copyId, ref, { signal });

test('a copy that others wait for goes on by a message of its own', async () => {
  const copy = await makeCopy(use(), [one, other]);
  await leave(copy);
  expect(use().sent).toEqual([{ to: 'stream-image', message: { copyId: copy.copyId } }]);
  expect((await use().copies.get(copy.copyId))?.waiting).toEqual([importRef(other)]);
});

describe('a copy that is finished', () => {
  const finished = () => makeCopy(use(), [one, other], { transferred });

  test('needs no message when an import leaves that was handed it: so were, or will be, the others', async () => {
    await leave(await finished(), { ...one, transferred });
    expect(use().sent).toEqual([]);
  });

  test('is handed to the others when an import leaves that was not: its message may have been the one to do so', async () => {
    const { copyId } = await finished();
    await leave({ copyId }, one);
    expect(use().sent).toEqual([{ to: 'stream-image', message: { copyId } }]);
  });
});

test('of a copy that has failed each import that leaves sends the next to its end, whoever was to do so', async () => {
  const waiting = [taskFixture(), taskFixture(), taskFixture()] as const;
  const copy = await makeCopy(use(), waiting);
  await use().copies.fail(copy, { reason: 'no such image', code: 'not-found' });
  for (const ref of waiting) await leave(copy, ref);
  const others = waiting.slice(1).map((ref) => ref.taskId);
  const sent = use().sent.map(({ to, message }) => [
    to,
    'taskId' in message && others.includes(message.taskId),
  ]);
  expect(sent).toEqual([
    ['fail-import', true],
    ['fail-import', true],
  ]);
  expect(await use().copies.get(copy.copyId)).toBeUndefined();
});

test('who leaves last clears the copy up, also where two do so at once', async () => {
  const copy = await makeCopy(use(), [one, other]);
  await use().relay.createUpload(objectKey(copy), { signal });
  await Promise.all([leave(copy, one), leave(copy, other)]);
  expect(await use().copies.get(copy.copyId)).toBeUndefined();
  expect(await relayOf(use())).toEqual({ objects: [], uploads: [] });
});

test('a finished copy is kept for whoever asks later, an unfinished one is not', async () => {
  const finished = await makeCopy(use(), [one], { transferred });
  const unfinished = await makeCopy(use(), [one]);
  const before = Date.now();
  for (const copy of [finished, unfinished]) await leave(copy, one, 3_600_000);
  const kept = await use().copies.get(finished.copyId);
  expect(kept?.keptUntil).toBeGreaterThanOrEqual(before + 3_600_000);
  expect(await use().copies.get(unfinished.copyId)).toBeUndefined();
});

test('a finished copy is not kept for longer than the bucket keeps its object, however often it is asked for', async () => {
  const dayMs = 24 * 3_600_000;
  const madeAgo = async (days: number): Promise<Copy> => {
    const copy = await makeCopy(use(), [one], { transferred });
    const createdAt = glanceTime(new Date(Date.now() - days * dayMs));
    await use().table.update({ subject: `copy#${copy.copyId}`, item: 'copy' }, { createdAt });
    return copy;
  };
  const [young, old] = [await madeAgo(12.5), await madeAgo(13.5)];
  for (const copy of [young, old]) await leave(copy, one, 2 * dayMs);
  const { keptUntil = 0 } = (await use().copies.get(young.copyId)) ?? {};
  expect(keptUntil).toBeLessThan(Date.now() + 0.6 * dayMs);
  expect(await use().copies.get(old.copyId)).toBeUndefined();
});

test('to leave twice, or what is not there, is nothing', async () => {
  const copy = await makeCopy(use(), [one]);
  await leave(copy);
  await leave(copy);
  await leave({ copyId: newCopyId() });
  expect(use().sent).toEqual([]);
});
