import { Writable } from 'node:stream';
import { createBufferPool } from './buffer-pool.ts';

export interface Part {
  /** From 1, as S3 counts. */
  readonly number: number;
  /** Valid until `send` is done: the buffer is used again. */
  readonly bytes: Buffer;
}

export interface PartWriterOptions {
  /** Bytes of every part but the last. */
  readonly partSize: number;
  /** Number of the first part; 1 when absent. */
  readonly firstNumber?: number;
  /** Parts on their way at once, beside the one that is being filled. */
  readonly inFlight: number;
  /** Sees every byte in order, before it is sent; throws to end the stream. */
  inspect(bytes: Buffer): void;
  /** Sends one part; the order in which parts arrive is free. */
  send(part: Part): Promise<void>;
}

/**
 * A stream that cuts what is written to it into parts and sends them, a bounded number at a time. When all buffers
 * are on their way it takes no more, and back-pressure reaches the source. It ends when every part has arrived.
 */
export const createPartWriter = ({
  partSize,
  firstNumber = 1,
  inFlight,
  inspect,
  send,
}: PartWriterOptions): Writable => {
  const pool = createBufferPool(inFlight + 1, partSize);
  const sending = new Set<Promise<void>>();
  let buffer: Buffer | undefined;
  let filled = 0;
  let number = firstNumber - 1;

  const dispatch = async (full: Buffer, length: number): Promise<void> => {
    while (sending.size >= inFlight) await Promise.race(sending);
    // The stream may have ended meanwhile; a part sent now would outlive it.
    if (writer.destroyed) return;
    number += 1;
    const sent = send({ number, bytes: full.subarray(0, length) })
      .catch((error: unknown) => {
        writer.destroy(error instanceof Error ? error : new Error('sending a part failed', { cause: error }));
      })
      .finally(() => {
        sending.delete(sent);
        pool.release(full);
      });
    sending.add(sent);
  };

  const take = async (bytes: Buffer): Promise<void> => {
    inspect(bytes);
    for (let offset = 0; offset < bytes.length && !writer.destroyed; ) {
      buffer ??= await pool.acquire();
      const copied = bytes.copy(buffer, filled, offset);
      offset += copied;
      filled += copied;
      if (filled === partSize) {
        await dispatch(buffer, filled);
        buffer = undefined;
        filled = 0;
      }
    }
  };

  const finish = async (): Promise<void> => {
    if (buffer && filled > 0) await dispatch(buffer, filled);
    await Promise.all(sending);
  };

  const writer = new Writable({
    decodeStrings: true,
    write: (bytes: Buffer, _encoding, done) => void take(bytes).then(() => done(), done),
    final: (done) => void finish().then(() => done(), done),
    // Nobody may use a buffer or an upload after the stream has ended: an error waits for what is on its way.
    destroy: (error, done) => void Promise.all(sending).then(() => done(error)),
  });
  return writer;
};
