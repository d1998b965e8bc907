import { describe, expect, test } from 'vitest';
import { isKnownAlgorithm } from '../../../lib/transfer/algorithms.ts';
import { createThreadDigest } from '../../../lib/transfer/digest-thread.ts';

const digestOf = async (algorithm: string, text: string) => {
  const digest = createThreadDigest({ algorithms: [algorithm] });
  await digest.update(Buffer.from(new SharedArrayBuffer(text.length)).fill(text));
  return (await digest.values())[algorithm];
};

describe('a digest', () => {
  // hashlib.new(name, b'abc').hexdigest() of Python 3.11
  test.each([
    ['md5', '900150983cd24fb0d6963f7d28e17f72'],
    ['sha1', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
    ['sha256', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ['sha3_256', '3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532'],
    ['blake2s', '508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982'],
  ])('has the name and the value that Python gives it: %s', async (algorithm, value) => {
    expect(await digestOf(algorithm, 'abc')).toBe(value);
  });

  test.each(['sha512', 'sha384', 'sha224', 'sha3_512', 'blake2b'])(
    '%s is known and hex',
    async (algorithm) => {
      expect(isKnownAlgorithm(algorithm)).toBe(true);
      expect(await digestOf(algorithm, 'x')).toMatch(/^([0-9a-f]{2})+$/);
    },
  );

  test.each(['', 'crc32', 'SHA-9000', '../md5'])('%j is not known', (algorithm) => {
    expect(isKnownAlgorithm(algorithm)).toBe(false);
  });

  test('asked for twice is taken once', async () => {
    const values = (algorithms: readonly string[]) => createThreadDigest({ algorithms }).values();
    expect(Object.keys(await values(['sha512', 'md5', 'sha512']))).toEqual(['sha512', 'md5']);
    expect(await values([])).toEqual({});
  });
});
