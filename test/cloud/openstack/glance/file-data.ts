import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { tooLarge } from './errors.ts';
import type { ImageData } from './record.ts';

export interface Received {
  readonly data: ImageData;
  /** Bytes. */
  readonly size: number;
  /** md5, hex; none of what is not kept, since it costs as much again as the hash. */
  readonly checksum: string | null;
  readonly hash: string;
  /** The first bytes, for a look at the format. */
  readonly head: Buffer;
}

export interface ReceiveOptions {
  readonly path: string;
  readonly hashAlgorithm: string;
  /** Bytes; one more is refused. */
  readonly maxSize: number;
  /** Count and hash, but keep nothing. */
  readonly discard: boolean;
}

const readAheadBytes = 1024 * 1024;
const headBytes = 512;

/**
 * Streams `source` into a file and hashes it on the way; what was written is removed when anything fails.
 * @throws GlanceError 413 over maxSize; whatever the source throws
 */
export async function receive(source: AsyncIterable<Buffer>, options: ReceiveOptions): Promise<Received> {
  const meter = meterFor(options);
  try {
    await pipeline(source, meter.pass, options.discard ? nowhere() : createWriteStream(options.path));
  } catch (error) {
    await rm(options.path, { force: true });
    throw error;
  }
  const { size, ...digests } = meter.result();
  return { ...digests, size, data: options.discard ? goneData(size) : fileData(options.path, size) };
}

function meterFor({ hashAlgorithm, maxSize, discard }: ReceiveOptions) {
  const md5 = discard ? undefined : createHash('md5');
  const hash = createHash(hashAlgorithm);
  let size = 0;
  let head = Buffer.alloc(0);
  return {
    async *pass(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
      for await (const piece of pieces) {
        size += piece.length;
        if (size > maxSize)
          throw tooLarge('The incoming image is too large: The provided image is too large.');
        if (head.length < headBytes) head = Buffer.concat([head, piece.subarray(0, headBytes - head.length)]);
        md5?.update(piece);
        hash.update(piece);
        yield piece;
      }
    },
    result: () => ({ size, checksum: md5?.digest('hex') ?? null, hash: hash.digest('hex'), head }),
  };
}

const nowhere = (): Writable => new Writable({ write: (_piece, _encoding, done) => done() });

/** Bytes in a file. */
export function fileData(path: string, size: number): ImageData {
  return {
    size,
    kept: true,
    open: (start, end) =>
      start < end
        ? createReadStream(path, { start, end: end - 1, highWaterMark: readAheadBytes })
        : Readable.from([]),
    discard: () => rm(path, { force: true }),
  };
}

/** Data that was counted and thrown away. */
function goneData(size: number): ImageData {
  return { size, kept: false, open: () => Readable.from([]), discard: async () => {} };
}
