import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import { createDigest } from './digest.ts';
import { createPartWriter, type Part } from './part-writer.ts';

/** The checkpoint of one part: what the store has, and how to know the same bytes again. */
export interface StoredPart {
  readonly number: number;
  readonly etag: string;
  /** Bytes. */
  readonly size: number;
  readonly crc32: number;
}

export interface CopyOptions {
  readonly source: Readable;
  /** The byte that the source begins with: a multiple of partSize, everything before it is stored. 0 when absent. */
  readonly offset?: number;
  readonly partSize: number;
  readonly inFlight: number;
  /** hashlib names of the digests to take. */
  readonly algorithms: readonly string[];
  /** Parts of an earlier try by number: not sent again when the same bytes come by. */
  readonly stored: ReadonlyMap<number, StoredPart>;
  /** Sends a part's bytes; answers with its ETag. */
  send(part: Part & { readonly crc32: number }): Promise<string>;
  /** Called once per part when the store has it, with all bytes stored so far. */
  checkpoint(part: StoredPart, copiedBytes: number): Promise<void>;
  /** Called for every piece read, with the bytes read so far; throws to end the copy. */
  inspect?(readBytes: number): void;
  readonly signal: AbortSignal;
}

export interface Copied {
  /** Bytes. */
  readonly size: number;
  /** By number, ascending. */
  readonly parts: readonly StoredPart[];
  /** Hex by hashlib name; none of a copy that did not begin at byte 0. */
  readonly digests: Readonly<Record<string, string>>;
}

/**
 * The ordered single stream: source → digests → parts → store, in memory of (inFlight + 1) × partSize.
 * @throws whatever the source, `send`, `checkpoint` or the signal throws; nothing is on its way afterwards
 */
export const copyStream = async (options: CopyOptions): Promise<Copied> => {
  const { partSize, inFlight, offset = 0, source, signal } = options;
  const digest = createDigest(offset === 0 ? options.algorithms : []);
  const firstNumber = offset / partSize + 1;
  const parts = [...options.stored.values()].filter(({ number }) => number < firstNumber);
  let read = offset;
  let copied = offset;

  const store = async (part: Part): Promise<void> => {
    const known = options.stored.get(part.number);
    const sum = crc32(part.bytes);
    const isStored = known?.crc32 === sum && known.size === part.bytes.length;
    const size = part.bytes.length;
    const stored = isStored
      ? known
      : { number: part.number, etag: await options.send({ ...part, crc32: sum }), size, crc32: sum };
    parts.push(stored);
    copied += size;
    await options.checkpoint(stored, copied);
  };

  const inspect = (bytes: Buffer): void => {
    read += bytes.length;
    options.inspect?.(read);
    digest.update(bytes);
  };

  await pipeline(source, createPartWriter({ partSize, firstNumber, inFlight, inspect, send: store }), {
    signal,
  }).catch((error) => {
    throw signal.aborted ? signal.reason : error;
  });
  return { size: read, parts: parts.sort((a, b) => a.number - b.number), digests: digest.values() };
};
