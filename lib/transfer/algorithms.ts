import { getHashes } from 'node:crypto';
import type { Hash } from '../state/copy.ts';

/** Bytes of the digests of algorithms that have no length of their own, by hashlib's name. */
export type DigestLengths = Readonly<Record<string, number>>;

/** hashlib's names that OpenSSL spells differently; `sha3_256` and the like have a dash there. */
const opensslNames: Readonly<Record<string, string>> = {
  blake2b: 'blake2b512',
  blake2s: 'blake2s256',
  sha512_224: 'sha512-224',
  sha512_256: 'sha512-256',
  shake_128: 'shake128',
  shake_256: 'shake256',
};

/** hashlib's name, as in `os_hash_algo` → OpenSSL's. */
export const opensslName = (algorithm: string): string =>
  (Object.hasOwn(opensslNames, algorithm) ? opensslNames[algorithm] : undefined) ??
  algorithm.replace(/^sha3_/, 'sha3-');

/** Whether OpenSSL, and so this machine's node:crypto, can compute a Glance image's `os_hash_algo`. */
export const isKnownAlgorithm = (algorithm: string): boolean => getHashes().includes(opensslName(algorithm));

/**
 * The lengths of digests that only their values tell: SHAKE's are as long as they are asked to be
 * (https://docs.python.org/3/library/hashlib.html#shake-variable-length-digests).
 */
export const lengthsOf = (hashes: readonly Hash[]): DigestLengths =>
  Object.fromEntries(
    hashes
      .filter(({ algorithm }) => algorithm.startsWith('shake_'))
      .map(({ algorithm, value }) => [algorithm, Math.floor(value.length / 2)]),
  );
