import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { opensslName } from '../../../lib/transfer/algorithms.ts';
import {
  createResumableDigest,
  createUnsavableDigest,
  isResumable,
} from '../../../lib/transfer/resumable-digest.ts';

const algorithms = ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512', 'sha3_224', 'sha3_256'].concat([
  'sha3_384',
  'sha3_512',
  'blake2b',
  'blake2s',
  'ripemd160',
  'sm3',
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

  test('is what BLAKE3’s own test vectors say, which node:crypto does not know', async () => {
    // https://github.com/BLAKE3-team/BLAKE3/blob/master/test_vectors/test_vectors.json, input_len 0 and 1
    const blake3 = async (bytes: Buffer) => {
      const digest = await createResumableDigest(['blake3']);
      digest.update(bytes);
      return digest.values()['blake3'];
    };
    expect(await blake3(Buffer.alloc(0))).toBe(
      'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262',
    );
    expect(await blake3(Buffer.alloc(1))).toBe(
      '2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213',
    );
  });

  test('of nothing is right', async () => {
    expect((await createResumableDigest(algorithms)).values()).toEqual(expected(Buffer.alloc(0)));
  });

  test('needs little room for its state: it lies in the table', async () => {
    const { sha512 = '' } = (await createResumableDigest(['sha512'])).save() ?? {};
    expect(sha512.length).toBeLessThan(400);
  });

  test.each(['', 'c29tZXRoaW5nIGVsc2U='])(
    'does not go on from the state %j of something else',
    async (state) => {
      await expect(createResumableDigest(['sha512'], { sha512: state })).rejects.toThrow();
    },
  );

  test.each(['shake_128', 'sha512_256', '', 'constructor'])('%j is not known', async (algorithm) => {
    expect(isResumable(algorithm)).toBe(false);
    await expect(createResumableDigest([algorithm])).rejects.toThrow(RangeError);
  });
});

describe('a digest that one run must take', () => {
  // hashlib.new(name, b'abc') of Python 3.11, .hexdigest() and, of SHAKE, .hexdigest(8)
  test.each([
    ['sha512_256', {}, '53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23'],
    ['shake_128', { shake_128: 8 }, '5881092dd818bf5c'],
  ])('%s is what Python computes', (algorithm, lengths, value) => {
    const digest = createUnsavableDigest([algorithm, 'md5'], lengths);
    digest.update(Buffer.from('abc'));
    expect(digest.save()).toBeUndefined();
    expect(digest.values()).toEqual({ [algorithm]: value, md5: '900150983cd24fb0d6963f7d28e17f72' });
  });
});
