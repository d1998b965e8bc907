import { getHashes } from 'node:crypto';

/** hashlib's name, as in `os_hash_algo` → OpenSSL's: `sha3_256` → `sha3-256`, `blake2b` → `blake2b512`. */
export const opensslName = (algorithm: string): string =>
  ({ blake2b: 'blake2b512', blake2s: 'blake2s256' })[algorithm] ?? algorithm.replace(/^sha3_/, 'sha3-');

/** Whether this machine can compute a Glance image's `os_hash_algo`. */
export const isKnownAlgorithm = (algorithm: string): boolean => getHashes().includes(opensslName(algorithm));
