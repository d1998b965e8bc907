import { createCipheriv, createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { ImageData } from './record.ts';

export interface MadeUp {
  /** Bytes. */
  readonly size: number;
  readonly seed: number;
}

const blockSize = 1024 * 1024;
const stampSize = 8;
const piecesPerTurn = 32;

/**
 * Bytes that come from nowhere: one pseudo-random block repeated, with its number stamped over its first 8 bytes.
 * Any offset costs the same, nothing lies on disk, nothing is copied, and no two blocks are equal.
 */
export function madeUpData({ size, seed }: MadeUp): ImageData {
  const pattern = randomBlock(seed);
  return {
    size,
    kept: true,
    open: (start, end) => Readable.from(pieces(pattern, start, end), { objectMode: false }),
    discard: async () => {},
  };
}

function randomBlock(seed: number): Buffer {
  const key = createHash('md5').update(String(seed)).digest();
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(blockSize));
}

function* pieces(pattern: Buffer, start: number, end: number): Generator<Buffer> {
  for (let number = Math.floor(start / blockSize); number * blockSize < end; number += 1) {
    const from = Math.max(start - number * blockSize, 0);
    const to = Math.min(end - number * blockSize, blockSize);
    if (from < stampSize) yield stampOf(number).subarray(from, to);
    if (to > stampSize) yield pattern.subarray(Math.max(from, stampSize), to);
  }
}

function stampOf(number: number): Buffer {
  const stamp = Buffer.alloc(stampSize);
  stamp.writeBigUInt64LE(BigInt(number));
  return stamp;
}

export interface Digests {
  readonly checksum: string | null;
  readonly hash: string;
}

const known = new Map<string, Promise<Digests>>();

/**
 * The digests of made-up bytes, computed once per process.
 * @param withMd5 costs as much again: without it the image has no `checksum`
 */
export function digestsOf(madeUp: MadeUp, algorithm: string, withMd5: boolean): Promise<Digests> {
  const key = JSON.stringify([madeUp.size, madeUp.seed, algorithm, withMd5]);
  const digests = known.get(key) ?? computeDigests(madeUp, algorithm, withMd5);
  known.set(key, digests);
  return digests;
}

async function computeDigests({ size, seed }: MadeUp, algorithm: string, withMd5: boolean): Promise<Digests> {
  const hash = createHash(algorithm);
  const md5 = withMd5 ? createHash('md5') : undefined;
  let count = 0;
  for (const piece of pieces(randomBlock(seed), 0, size)) {
    hash.update(piece);
    md5?.update(piece);
    count += 1;
    // Let the servers of this process answer in between.
    if (count % piecesPerTurn === 0) await setImmediate();
  }
  return { hash: hash.digest('hex'), checksum: md5?.digest('hex') ?? null };
}
