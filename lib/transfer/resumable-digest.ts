import { createHash } from 'node:crypto';
import {
  createBLAKE2b,
  createBLAKE2s,
  createBLAKE3,
  createMD5,
  createRIPEMD160,
  createSHA1,
  createSHA3,
  createSHA224,
  createSHA256,
  createSHA384,
  createSHA512,
  createSM3,
  type IHasher,
} from 'hash-wasm';
import { type DigestLengths, opensslName } from './algorithms.ts';

/** States of digests over the bytes so far, base64 by hashlib name. */
export type DigestStates = Readonly<Record<string, string>>;

/** Digests that can be put aside and taken up again by another process. node:crypto's are faster (`npm run bench -- digests`), but cannot. */
export interface ResumableDigest {
  update(bytes: Uint8Array): void;
  /** Undefined where nobody could go on. */
  save(): DigestStates | undefined;
  /** Lower-case hex by algorithm. Ends the digest. */
  values(): Readonly<Record<string, string>>;
}

/** Algorithms of a fixed length that `os_hash_algo` may name, by hashlib's names. */
const makers: Readonly<Record<string, () => Promise<IHasher>>> = {
  md5: createMD5,
  sha1: createSHA1,
  sha224: createSHA224,
  sha256: createSHA256,
  sha384: createSHA384,
  sha512: createSHA512,
  sha3_224: () => createSHA3(224),
  sha3_256: () => createSHA3(256),
  sha3_384: () => createSHA3(384),
  sha3_512: () => createSHA3(512),
  blake2b: () => createBLAKE2b(512),
  blake2s: () => createBLAKE2s(256),
  blake3: () => createBLAKE3(256),
  ripemd160: createRIPEMD160,
  sm3: createSM3,
};

export const isResumable = (algorithm: string): boolean => Object.hasOwn(makers, algorithm);

const made = async (algorithm: string): Promise<IHasher> => {
  const make = isResumable(algorithm) ? makers[algorithm] : undefined;
  if (!make) throw new RangeError(`There is no resumable digest ${algorithm}`);
  return await make();
};

/**
 * @param states of `save()`, to go on where that digest was
 * @throws RangeError for an algorithm that is not resumable, Error for a state of another version of hash-wasm
 */
export const createResumableDigest = async (
  algorithms: readonly string[],
  states: DigestStates = {},
): Promise<ResumableDigest> => {
  const hashes = await Promise.all(
    [...new Set(algorithms)].map(async (name) => ({ name, hash: (await made(name)).init() })),
  );
  for (const { name, hash } of hashes) {
    const state = states[name];
    if (state !== undefined) hash.load(Buffer.from(state, 'base64'));
  }
  const byName = (value: (hash: IHasher) => string) =>
    Object.fromEntries(hashes.map(({ name, hash }) => [name, value(hash)]));
  return {
    update: (bytes) => {
      for (const { hash } of hashes) hash.update(bytes);
    },
    save: () => byName((hash) => Buffer.from(hash.save()).toString('base64')),
    values: () => byName((hash) => hash.digest('hex')),
  };
};

/**
 * A digest that one run must take from the first byte to the last: of what only node:crypto can compute.
 * @throws Error for an algorithm that it does not know, see isKnownAlgorithm
 */
export const createUnsavableDigest = (
  algorithms: readonly string[],
  lengths: DigestLengths,
): ResumableDigest => {
  const hashes = [...new Set(algorithms)].map((name) => {
    const outputLength = lengths[name];
    return { name, hash: createHash(opensslName(name), outputLength === undefined ? {} : { outputLength }) };
  });
  return {
    update: (bytes) => {
      for (const { hash } of hashes) hash.update(bytes);
    },
    save: () => undefined,
    values: () => Object.fromEntries(hashes.map(({ name, hash }) => [name, hash.digest('hex')])),
  };
};
