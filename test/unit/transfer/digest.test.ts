import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDigest, isKnownAlgorithm } from '../../../lib/transfer/digest.ts';

const digestOf = (algorithm: string, text = '') => {
  const digest = createDigest([algorithm]);
  digest.update(Buffer.from(text));
  return digest.values()[algorithm];
};

describe('a digest', () => {
  // hashlib.new(name, b'abc').hexdigest() of Python 3.11
  test.each([
    ['md5', '900150983cd24fb0d6963f7d28e17f72'],
    ['sha1', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
    ['sha256', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ['sha3_256', '3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532'],
    ['blake2s', '508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982'],
  ])('has the name and the value that Python gives it: %s', (algorithm, value) => {
    expect(digestOf(algorithm, 'abc')).toBe(value);
  });

  test.each(['sha512', 'sha384', 'sha224', 'sha3_512', 'blake2b'])('%s is known and hex', (algorithm) => {
    expect(isKnownAlgorithm(algorithm)).toBe(true);
    expect(digestOf(algorithm)).toMatch(/^([0-9a-f]{2})+$/);
  });

  test.each(['', 'crc32', 'SHA-9000', '../md5'])('%j is not known', (algorithm) => {
    expect(isKnownAlgorithm(algorithm)).toBe(false);
    expect(() => createDigest([algorithm])).toThrow();
  });

  test('asked for twice is taken once', () => {
    expect(Object.keys(createDigest(['sha512', 'md5', 'sha512']).values())).toEqual(['sha512', 'md5']);
    expect(createDigest([]).values()).toEqual({});
  });

  test('does not depend on how the bytes were cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), (pieces) => {
        const digest = createDigest(['sha512', 'md5']);
        for (const piece of pieces) digest.update(piece);
        const whole = Buffer.concat(pieces);
        expect(digest.values()).toEqual({
          sha512: createHash('sha512').update(whole).digest('hex'),
          md5: createHash('md5').update(whole).digest('hex'),
        });
      }),
    );
  });
});
