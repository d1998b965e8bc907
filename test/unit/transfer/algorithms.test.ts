import { describe, expect, test } from 'vitest';
import { isKnownAlgorithm, lengthsOf } from '../../../lib/transfer/algorithms.ts';
import { createThreadDigest } from '../../../lib/transfer/digest-thread.ts';

const digestOf = async (algorithm: string, text: string, bytes?: number) => {
  const lengths = bytes === undefined ? {} : { [algorithm]: bytes };
  const digest = createThreadDigest({ algorithms: [algorithm], lengths });
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
    ['sha512_256', '53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23'],
    ['sha512_224', '4634270f707b6a54daae7530460842e20e37ed265ceee9a43e8924aa'],
    ['sm3', '66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0'],
    ['ripemd160', '8eb208f7e05d987a9b044a8e98c6b087f15a0bfc'],
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

  test.each([
    ['shake_128', '5881092dd818bf5cf8a3ddb793fbcba7'],
    ['shake_256', '483366601360a8771c6863080cc4114d8db44530f8f1e1ee4f94ea37e78b5739'],
  ])('%s is as long as the value that it is held against', async (algorithm, value) => {
    const lengths = lengthsOf([{ algorithm, value }]);
    expect(await digestOf(algorithm, 'abc', lengths[algorithm])).toBe(value);
  });

  test('only SHAKE has no length of its own', () => {
    expect(lengthsOf([{ algorithm: 'sha512', value: 'abcd' }])).toEqual({});
  });

  test.each(['', 'crc32', 'constructor', 'SHA-9000', '../md5'])('%j is not known', (algorithm) => {
    expect(isKnownAlgorithm(algorithm)).toBe(false);
  });

  test('asked for twice is taken once', async () => {
    const values = (algorithms: readonly string[]) => createThreadDigest({ algorithms }).values();
    expect(Object.keys(await values(['sha512', 'md5', 'sha512']))).toEqual(['sha512', 'md5']);
    expect(await values([])).toEqual({});
  });
});
