import { beforeEach, expect, test } from 'vitest';
import { leaveCopy } from '../../../../lib/copies/end/leave-copy.ts';
import { objectKey } from '../../../../lib/copies/record/object-key.ts';
import type { Copy } from '../../../../lib/state/copy.ts';
import { importRef } from '../../../../lib/state/refs.ts';
import { taskFixture } from '../../imports/task-fixture.ts';
import { makeCopy, newCopyId, relayOf, useLocalState } from '../../local-state.ts';

const use = useLocalState();
const { signal } = new AbortController();
const transferred = { size: 1, digests: { sha512: 'd' } };
const [one, other] = [taskFixture(), taskFixture()];

beforeEach(() => {
  use().sent.length = 0;
});

const leave = ({ copyId }: Pick<Copy, 'copyId'>, ref = one, keepMs = 0) =>
  leaveCopy({ ...use(), keepMs }, copyId, ref, { signal });

test('a copy that others wait for goes on by a message of its own', async () => {
  const copy = await makeCopy(use(), [one, other]);
  await leave(copy);
  expect(use().sent).toEqual([{ to: 'stream-image', message: { copyId: copy.copyId } }]);
  expect((await use().copies.get(copy.copyId))?.waiting).toEqual([importRef(other)]);
});

test('a finished copy that others use, or a failed one, needs no message', async () => {
  const finished = await makeCopy(use(), [one, other], { transferred });
  const failed = await makeCopy(use(), [one, other]);
  await use().copies.fail(failed.copyId, { reason: 'no such image', code: 'not-found' });
  for (const copy of [finished, failed]) {
    await leave(copy);
    expect((await use().copies.get(copy.copyId))?.waiting).toEqual([importRef(other)]);
  }
  expect(use().sent).toEqual([]);
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

test('to leave twice, or what is not there, is nothing', async () => {
  const copy = await makeCopy(use(), [one]);
  await leave(copy);
  await leave(copy);
  await leave({ copyId: newCopyId() });
  expect(use().sent).toEqual([]);
});
