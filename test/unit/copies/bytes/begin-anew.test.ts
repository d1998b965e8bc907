import { expect, test } from 'vitest';
import { beginAnew } from '../../../../lib/copies/bytes/begin-anew.ts';
import { objectKey } from '../../../../lib/copies/record/object-key.ts';
import type { Copy } from '../../../../lib/state/copy.ts';
import { taskFixture } from '../../imports/task-fixture.ts';
import { dyingAfter, makeCopy, relayOf, useLocalState } from '../../local-state.ts';

const use = useLocalState();
const { signal } = new AbortController();

/** A copy whose upload the run has opened itself: it is in the table, and not in what the run has begun with. */
const opened = async (): Promise<Copy> => {
  const copy = await makeCopy(use(), [taskFixture()], { uploadId: 'unlisted' });
  await use().relay.createUpload(objectKey(copy), { signal });
  await use().copies.savePart(copy, { number: 1, etag: 'e', size: 1, checksum: 'c' });
  const { uploadId: _, ...subject } = copy;
  return subject;
};
const expectAnew = async (subject: Copy): Promise<void> => {
  const anew = await use().copies.get(subject.copyId);
  expect(anew?.generation).not.toBe(subject.generation);
  expect(anew).not.toHaveProperty('uploadId');
  expect((await use().copies.parts(subject)).size).toBe(0);
  expect(await relayOf(use())).toEqual({ objects: [], uploads: [] });
};

test('a copy that begins anew leaves nothing of the upload that was said to be gone', async () => {
  const subject = await opened();
  await beginAnew(use(), { subject, signal });
  await expectAnew(subject);
});

test('of two rows that find it gone one begins anew, and the other one’s making stays', async () => {
  const subject = await opened();
  await Promise.all([beginAnew(use(), { subject, signal }), beginAnew(use(), { subject, signal })]);
  await expectAnew(subject);
  const { generation } = (await use().copies.get(subject.copyId)) ?? subject;
  await beginAnew(use(), { subject, signal });
  expect((await use().copies.get(subject.copyId))?.generation).toBe(generation);
});

test.each(['clear', 'beginAnew'])('who dies after %s leaves nothing that nobody knows of', async (call) => {
  const subject = await opened();
  const { copies, relay } = use();
  const dying = { copies: dyingAfter(copies, call), relay: dyingAfter(relay, call) };
  await expect(beginAnew(dying, { subject, signal })).rejects.toThrow(`dead after ${call}`);
  await beginAnew(use(), { subject, signal });
  await expectAnew(subject);
});
