import { createCipheriv, createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { ImageData } from './record.ts';

export interface MadeUp {
  /** Bytes. */
  readonly size: number;
  readonly seed: number;
}

const blockSize = 256 * 1024;
const blocksPerTurn = 64;

/**
 * Bytes that come from nowhere: one pseudo-random block repeated, its number stamped into its first 8 bytes.
 * Any offset costs the same, nothing lies on disk, and no two blocks are equal.
 */
export function madeUpData({ size, seed }: MadeUp): ImageData {
  const pattern = randomBlock(seed);
  return {
    size,
    kept: true,
    open: (start, end) => Readable.from(slices(copies(pattern), start, end), { objectMode: false }),
    discard: async () => {},
  };
}

function randomBlock(seed: number): Buffer {
  const key = createHash('md5').update(String(seed)).digest();
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(blockSize));
}

/** @param fill makes the block of a number; it may be the same buffer every time */
function* slices(fill: (number: number) => Buffer, start: number, end: number): Generator<Buffer> {
  for (let offset = start; offset < end; ) {
    const number = Math.floor(offset / blockSize);
    const from = offset - number * blockSize;
    const to = Math.min(blockSize, end - number * blockSize);
    yield fill(number).subarray(from, to);
    offset += to - from;
  }
}

function stamp(block: Buffer, number: number): Buffer {
  block.writeBigUInt64LE(BigInt(number));
  return block;
}

/** A block of its own for each slice: what goes to a socket is still being read when the next one is made. */
function copies(pattern: Buffer): (number: number) => Buffer {
  return (number) => {
    const copy = Buffer.allocUnsafeSlow(blockSize);
    pattern.copy(copy);
    return stamp(copy, number);
  };
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
  let blocks = 0;
  const pattern = randomBlock(seed);
  for (const piece of slices((number) => stamp(pattern, number), 0, size)) {
    hash.update(piece);
    md5?.update(piece);
    blocks += 1;
    // Let the servers of this process answer in between.
    if (blocks % blocksPerTurn === 0) await setImmediate();
  }
  return { hash: hash.digest('hex'), checksum: md5?.digest('hex') ?? null };
}
