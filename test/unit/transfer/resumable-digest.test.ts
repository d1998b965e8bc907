import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { opensslName } from '../../../lib/transfer/algorithms.ts';
import { createResumableDigest, isResumable } from '../../../lib/transfer/resumable-digest.ts';

const algorithms = ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512', 'sha3_224', 'sha3_256'].concat([
  'sha3_384',
  'sha3_512',
  'blake2b',
  'blake2s',
]);

const expected = (bytes: Buffer) =>
  Object.fromEntries(
    algorithms.map((name) => [name, createHash(opensslName(name)).update(bytes).digest('hex')]),
  );

describe('a digest that can be put aside', () => {
  test('is what node:crypto computes, wherever it was interrupted and taken up by somebody else', async () => {
    const bytes = randomBytes(20_000);
    const whole = expected(bytes);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 5 }),
        async (cuts) => {
          let digest = await createResumableDigest(algorithms);
          let from = 0;
          for (const to of [...cuts.sort((a, b) => a - b), bytes.length]) {
            digest.update(bytes.subarray(from, to));
            // Through JSON, as through the table.
            digest = await createResumableDigest(algorithms, JSON.parse(JSON.stringify(digest.save())));
            from = to;
          }
          expect(digest.values()).toEqual(whole);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('of nothing is right', async () => {
    expect((await createResumableDigest(algorithms)).values()).toEqual(expected(Buffer.alloc(0)));
  });

  test('needs little room for its state: it lies in the table', async () => {
    const { sha512 = '' } = (await createResumableDigest(['sha512'])).save();
    expect(sha512.length).toBeLessThan(400);
  });

  test.each(['', 'c29tZXRoaW5nIGVsc2U='])(
    'does not go on from the state %j of something else',
    async (state) => {
      await expect(createResumableDigest(['sha512'], { sha512: state })).rejects.toThrow();
    },
  );

  test.each(['shake_128', 'sm3', '', 'constructor'])('%j is not known', async (algorithm) => {
    expect(isResumable(algorithm)).toBe(false);
    await expect(createResumableDigest([algorithm])).rejects.toThrow(RangeError);
  });
});
