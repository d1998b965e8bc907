import { CreateMultipartUploadCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { beforeEach, expect, test } from 'vitest';
import { clearCopy } from '../../../../lib/copies/end/clear-copy.ts';
import { objectKey } from '../../../../lib/copies/record/object-key.ts';
import type { Copy } from '../../../../lib/state/copy.ts';
import { taskFixture } from '../../imports/task-fixture.ts';
import { dyingAfter, makeCopy, relayOf, useLocalState } from '../../local-state.ts';

const use = useLocalState();
const { signal } = new AbortController();
const task = taskFixture();
let copy: Copy;

/** A copy that ends in its middle: a part, an upload that is known, one of which nobody knows, an object. */
const endingCopy = async (): Promise<Copy> => {
  const { copies, relay, aws } = use();
  const begun = await makeCopy(use(), [task], {}, 'the same bytes');
  const uploadId = await relay.createUpload(objectKey(begun), { signal });
  const at = { Bucket: aws.bucketName, Key: objectKey(begun) };
  const s3 = new S3Client({ forcePathStyle: true });
  await s3.send(new CreateMultipartUploadCommand(at));
  await s3.send(new PutObjectCommand({ ...at, Body: 'x' }));
  await copies.savePart(begun, { number: 1, etag: 'e', size: 1, checksum: 'c' });
  const left = await copies.leave(begun.copyId, task, 0);
  expect(left.state).toBe('ending');
  return { ...begun, uploadId };
};
const itemsOf = ({ copyId }: Copy) => use().table.query(`copy#${copyId}`, '');
const expectCleared = async (): Promise<void> => {
  expect(await itemsOf(copy)).toEqual([]);
  expect(await relayOf(use())).toEqual({ objects: [], uploads: [] });
};

beforeEach(async () => {
  copy = await endingCopy();
});

test('nothing is left of a copy that was cleared up, also when it is cleared twice, side by side', async () => {
  await Promise.all([clearCopy(use(), copy, { signal }), clearCopy(use(), copy, { signal })]);
  await clearCopy(use(), copy, { signal });
  await expectCleared();
});

test.each(['abortUpload', 'clear', 'forgetParts'])(
  'who dies after %s leaves a copy whose next leaver clears it up',
  async (call) => {
    const { copies, relay } = use();
    const dying = { copies: dyingAfter(copies, call), relay: dyingAfter(relay, call) };
    await expect(clearCopy(dying, copy, { signal })).rejects.toThrow(`dead after ${call}`);
    const again = await copies.leave(copy.copyId, taskFixture(), 0);
    if (again.state !== 'ending') throw new Error(`the copy is ${again.state}`);
    await clearCopy(use(), again.copy, { signal });
    await expectCleared();
  },
);

test('nothing is aborted while a row is at work, whose part would arrive after it', async () => {
  const { copies, relay } = use();
  const order: string[] = [];
  let looks = 0;
  const slow = {
    relay: new Proxy(relay, {
      get: (target, name) => {
        if (name === 'abortUpload') order.push('aborted');
        return Reflect.get(target, name);
      },
    }),
    copies: {
      ...copies,
      isAtRest: async () => {
        looks += 1;
        order.push(looks === 2 ? 'at rest' : 'at work');
        return looks === 2;
      },
    },
  };
  await clearCopy(slow, copy, { signal });
  expect(order).toEqual(['at work', 'at rest', 'aborted']);
  await expectCleared();
});

test('whose time ends while a row is at work has touched nothing', async () => {
  const working = { ...use(), copies: { ...use().copies, isAtRest: async () => false } };
  const reason = new Error('out of time');
  await expect(clearCopy(working, copy, { signal: AbortSignal.abort(reason) })).rejects.toThrow();
  expect(await relayOf(use())).toMatchObject({ objects: [objectKey(copy)] });
  await clearCopy(use(), copy, { signal });
});

test('who clears up late leaves the next making of the same copy alone', async () => {
  await clearCopy(use(), copy, { signal });
  const next = await endingCopy();
  await clearCopy(use(), copy, { signal });
  expect((await itemsOf(next)).length).toBe(2);
  expect(await relayOf(use())).toEqual({
    objects: [objectKey(next)],
    uploads: [objectKey(next), objectKey(next)],
  });
  await clearCopy(use(), next, { signal });
});
