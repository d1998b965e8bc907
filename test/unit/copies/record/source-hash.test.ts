import { describe, expect, test } from 'vitest';
import { hashToRead, strongestHash } from '../../../../lib/copies/record/source-hash.ts';

const md5 = { algorithm: 'md5', value: '900150983cd24fb0d6963f7d28e17f72' };
const of = (algorithm: string, value = 'abcd') => ({ algorithm, value });

describe('bytes are held against', () => {
  test.each(['sha512', 'sha512_256', 'shake_256', 'sm3', 'ripemd160', 'blake2b', 'blake3'])(
    'the record’s %s, which can be computed',
    (algorithm) => {
      expect(strongestHash({ hashes: [of(algorithm), md5] })).toEqual(of(algorithm));
    },
  );

  test.each([of('sha9000'), of('constructor'), of('sha512', 'not hex'), of('shake_256', 'abc')])(
    'md5, the record’s checksum, where nobody can compute %j',
    (hash) => {
      expect(strongestHash({ hashes: [hash, md5] })).toEqual(md5);
    },
  );

  test('nothing where the record has nothing else', () => {
    expect(strongestHash({ hashes: [of('sha9000')] })).toBeUndefined();
    expect(strongestHash({ hashes: [] })).toBeUndefined();
  });
});

describe('a finished object is read for', () => {
  test.each([
    ['sha512', 'sha512'],
    ['sm3', 'sm3'],
    ['blake3', 'blake3'],
    ['sha512_256', 'md5'],
    ['shake_128', 'md5'],
  ])('the record’s hash if a run can leave its digest to the next, of %s: %s', (algorithm, read) => {
    expect(hashToRead({ hashes: [of(algorithm), md5] })?.algorithm).toBe(read);
  });

  test('a hash that one run must compute, where there is no other', () => {
    expect(hashToRead({ hashes: [of('sha512_256')] })).toEqual(of('sha512_256'));
    expect(hashToRead({ hashes: [of('sha9000')] })).toBeUndefined();
  });
});
