import { createHash, getHashes } from 'node:crypto';

/** Digests over one run of bytes, by Python hashlib's names as in `os_hash_algo`. */
export interface Digest {
  update(bytes: Uint8Array): void;
  /** Lower-case hex by algorithm. Ends the digest. */
  values(): Readonly<Record<string, string>>;
}

/** hashlib's name → OpenSSL's: `sha3_256` → `sha3-256`, `blake2b` → `blake2b512`. */
export const opensslName = (algorithm: string): string =>
  ({ blake2b: 'blake2b512', blake2s: 'blake2s256' })[algorithm] ?? algorithm.replace(/^sha3_/, 'sha3-');

/** Whether this machine can compute a Glance image's `os_hash_algo`. */
export const isKnownAlgorithm = (algorithm: string): boolean => getHashes().includes(opensslName(algorithm));

/** @throws Error for an algorithm that is not known, see isKnownAlgorithm */
export const createDigest = (algorithms: readonly string[]): Digest => {
  const hashes = [...new Set(algorithms)].map((name) => ({ name, hash: createHash(opensslName(name)) }));
  return {
    update: (bytes) => {
      for (const { hash } of hashes) hash.update(bytes);
    },
    values: () => Object.fromEntries(hashes.map(({ name, hash }) => [name, hash.digest('hex')])),
  };
};
