import { beforeEach, describe, expect, test } from 'vitest';
import { type Leaving, leaveCopy } from '../../../../lib/copies/end/leave-copy.ts';
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

const leave = ({ copyId }: Pick<Copy, 'copyId'>, ref: Leaving = one, keepMs = 0) =>
  leaveCopy({ ...use(), keepMs }, copyId, ref, { signal });

test('a copy that others wait for goes on by a message of its own', async () => {
  const copy = await makeCopy(use(), [one, other]);
  await leave(copy);
  expect(use().sent).toEqual([{ to: 'stream-image', message: { copyId: copy.copyId } }]);
  expect((await use().copies.get(copy.copyId))?.waiting).toEqual([importRef(other)]);
});

describe('a copy that is finished, or has failed', () => {
  const finished = () => makeCopy(use(), [one, other], { transferred });
  const failed = async () => {
    const copy = await makeCopy(use(), [one, other]);
    await use().copies.fail(copy, { reason: 'no such image', code: 'not-found' });
    return copy;
  };

  test('needs no message when somebody leaves who was told: so were, or will be, the others', async () => {
    await leave(await finished(), { ...one, transferred });
    await leave(await failed(), { ...one, failure: 'no such image' });
    expect(use().sent).toEqual([]);
  });

  test('tells the others when somebody leaves who was not: his message may have been the one to do so', async () => {
    for (const copy of [await finished(), await failed()]) {
      await leave(copy, { ...one, failure: 'the token has expired' });
      expect(use().sent.pop()).toEqual({ to: 'stream-image', message: { copyId: copy.copyId } });
    }
  });
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
