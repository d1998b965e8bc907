import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { createThreadDigest } from '../../../lib/transfer/digest-thread.ts';

const bytes = Buffer.from(new SharedArrayBuffer(1000)).fill(7);
const sha512 = createHash('sha512').update(bytes).digest('hex');

test('a digest whose thread has ended says so, also when it is asked afterwards; the next one is right again', async () => {
  const before = createThreadDigest({ algorithms: ['sha512'] });
  await before.update(bytes);
  const ending = createThreadDigest({ algorithms: ['no-such-digest'] });
  await expect(ending.values()).rejects.toThrow();
  await expect(before.update(bytes)).rejects.toThrow();
  await expect(before.values()).rejects.toThrow();
  before.close();

  const after = createThreadDigest({ algorithms: ['sha512'] });
  await after.update(bytes);
  expect(await after.values()).toEqual({ sha512 });
});

test('digests do not mix', async () => {
  const [one, other] = [
    createThreadDigest({ algorithms: ['sha512'] }),
    createThreadDigest({ algorithms: ['sha512'] }),
  ];
  await Promise.all([other.update(bytes), one.update(bytes), other.update(bytes)]);
  expect(await one.values()).toEqual({ sha512 });
  expect(await other.values()).not.toEqual({ sha512 });
});
