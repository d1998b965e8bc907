import type { PartAlgorithm } from '../aws/s3/part-checksum.ts';
import { type ByteReader, fillWhole } from '../http/framing/byte-reader.ts';
import { ignored } from '../promises.ts';
import type { StoredPart } from '../state/copy.ts';
import type { DigestLengths } from './algorithms.ts';
import { createBufferPool } from './buffer-pool.ts';
import { createThreadDigest } from './digest-thread.ts';
import { MiB } from './part-plan.ts';

/** A part on its way. */
export interface Part {
  /** From 1, as S3 counts. */
  readonly number: number;
  /** By the copy's `partAlgorithm`, in base64. */
  readonly checksum: string;
  /** Valid until `send` is done: the buffer is used again. */
  readonly bytes: Buffer;
}

export interface CopyOptions {
  readonly source: ByteReader;
  /** The byte that the source begins with: a multiple of partSize, everything before it is stored. 0 when absent. */
  readonly offset?: number;
  /** Bytes of every part but the last. */
  readonly partSize: number;
  /** Parts in memory at once, at least two: one fills while the others are on their way. */
  readonly buffers: number;
  /** hashlib names of the digests to take over all bytes. */
  readonly algorithms: readonly string[];
  readonly lengths?: DigestLengths;
  /** Of each part by itself: what the store verifies. */
  readonly partAlgorithm: PartAlgorithm;
  /** Parts of an earlier try by number: not sent again when the same bytes come by. */
  readonly stored: ReadonlyMap<number, StoredPart>;
  /** Sends a part's bytes; answers with its ETag. */
  send(part: Part): Promise<string>;
  /** Called once per part when the store has it, with all bytes stored so far. */
  checkpoint(part: StoredPart, copiedBytes: number): Promise<void>;
  /** Called for every part read, with the bytes read so far; throws to end the copy. */
  inspect?(readBytes: number): void;
}

export interface Copied {
  /** Bytes, with those before the offset. */
  readonly size: number;
  /** By number, ascending. */
  readonly parts: readonly StoredPart[];
  /** Hex by hashlib name; none of a copy that did not begin at byte 0. */
  readonly digests: Readonly<Record<string, string>>;
}

/** Bytes that are digested while the next ones come, so that a part may be sent soon after its last byte. */
const sliceSize = MiB;

/**
 * Work that runs beside the loop that starts it. The first failure is what the loop hears of, at its next turn.
 * @param failed called at the first failure, so that the loop need not wait for its turn
 */
const createAside = (failed: () => void) => {
  const running = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  const throwIfFailed = (): void => {
    if (failure) throw failure.error;
  };
  return {
    throwIfFailed,
    start: (work: Promise<void>): void => {
      const settled = work
        .catch((error: unknown) => {
          failure ??= { error };
          failed();
        })
        .finally(() => running.delete(settled));
      running.add(settled);
    },
    /** Everything has ended afterwards, well or badly. */
    settle: async (): Promise<void> => {
      await Promise.all(running);
    },
  };
};

/**
 * The one loop that copies: source → parts → digests → store, in memory of `buffers` parts. Bytes are read into the
 * buffer that they are hashed and sent from. When all buffers are on their way nothing is read, and back-pressure
 * reaches the source.
 * @throws whatever the source, `send`, `checkpoint` or `inspect` throws; nothing is on its way afterwards
 */
export const copyParts = async (options: CopyOptions): Promise<Copied> => {
  const { partSize, buffers, offset = 0, source, stored, partAlgorithm, lengths = {} } = options;
  const pool = createBufferPool(buffers, partSize);
  const algorithms = offset === 0 ? options.algorithms : [];
  const digest = createThreadDigest({ algorithms, lengths, partAlgorithm });
  const firstNumber = offset / partSize + 1;
  const parts = [...stored.values()].filter(({ number }) => number < firstNumber);
  const aside = createAside(source.close);
  let [read, copied] = [offset, offset];

  const store = async (number: number, bytes: Buffer, digested: Promise<string>): Promise<void> => {
    const checksum = await digested;
    const known = stored.get(number);
    const size = bytes.length;
    const isStored = known?.checksum === checksum && known.size === size;
    const etag = isStored ? known.etag : await options.send({ number, bytes, checksum });
    const part = isStored ? known : { number, etag, size, checksum };
    parts.push(part);
    copied += size;
    await options.checkpoint(part, copied);
  };

  /** Reads as much as there is, and has it digested. */
  const readSlice = async (buffer: Buffer): Promise<number> => {
    aside.throwIfFailed();
    // What failed aside has closed the source: its own complaint about that is not the reason.
    const length = await fillWhole(source, buffer).finally(aside.throwIfFailed);
    if (length > 0) digest.update(buffer.subarray(0, length)).catch(ignored); // `endPart` says why
    return length;
  };

  /** @returns how many bytes the next part has; 0 at the end */
  const readPart = async (buffer: Buffer): Promise<number> => {
    let length = 0;
    while (length < partSize) {
      const slice = buffer.subarray(length, length + sliceSize);
      const came = await readSlice(slice);
      length += came;
      if (came < slice.length) break;
    }
    read += length;
    options.inspect?.(read);
    return length;
  };

  /** @returns whether more may follow */
  const takePart = async (number: number): Promise<boolean> => {
    const buffer = await pool.acquire();
    const length = await readPart(buffer).catch((error: unknown) => {
      pool.release(buffer);
      throw error;
    });
    if (length > 0) {
      const storing = store(number, buffer.subarray(0, length), digest.endPart());
      aside.start(storing.finally(() => pool.release(buffer)));
    } else pool.release(buffer);
    return length === partSize;
  };

  try {
    for (let number = firstNumber; await takePart(number); number += 1);
    await aside.settle();
    aside.throwIfFailed();
    const digests = offset === 0 ? await digest.values() : {};
    return { size: read, parts: parts.sort((a, b) => a.number - b.number), digests };
  } finally {
    source.close();
    // Nobody may use a buffer or an upload after the copy has ended: an error waits for what is on its way.
    await aside.settle();
    digest.close();
    pool.close();
  }
};
