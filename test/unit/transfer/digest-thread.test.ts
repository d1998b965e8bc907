import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
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

const partSums = {
  crc32: (part: Buffer) => Buffer.from(crc32(part).toString(16).padStart(8, '0'), 'hex').toString('base64'),
  md5: (part: Buffer) => createHash('md5').update(part).digest('base64'),
  sha256: (part: Buffer) => createHash('sha256').update(part).digest('base64'),
};

test.each(['crc32', 'md5', 'sha256'] as const)(
  'the %s of each part is of its bytes alone, in whatever pieces they come',
  async (partAlgorithm) => {
    const piece = fc
      .nat(600_000)
      .map((length) => Buffer.from(new SharedArrayBuffer(length)).fill(length % 251));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(piece, { maxLength: 3 }), { maxLength: 4 }), async (parts) => {
        const digest = createThreadDigest({ algorithms: ['sha512'], partAlgorithm });
        const found: Promise<string>[] = [];
        for (const pieces of parts) {
          for (const bytes of pieces) void digest.update(bytes);
          found.push(digest.endPart());
        }
        expect(await Promise.all(found)).toEqual(
          parts.map((pieces) => partSums[partAlgorithm](Buffer.concat(pieces))),
        );
        const whole = createHash('sha512').update(Buffer.concat(parts.flat())).digest('hex');
        expect(await digest.values()).toEqual({ sha512: whole });
      }),
      { numRuns: 20 },
    );
  },
);
