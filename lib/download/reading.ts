import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { FerryError } from '../errors.ts';
import type { ByteSource as Download, ImageBytes } from './download.ts';

/** How often a source is tried again without a byte of progress, and how long it is left alone in between. */
export interface RetryBudget {
  readonly retries: number;
  /** Doubled at each further one, with jitter. */
  readonly firstDelayMs: number;
}

export interface ReadingOptions {
  /** Bytes of the image; undefined when the source does not say. */
  readonly size: number | undefined;
  /** The byte to begin with, if the source has ranges; 0 when absent. */
  readonly offset?: number;
  readonly end?: number;
  readonly budget: RetryBudget;
  readonly signal: AbortSignal;
}

/** An image on its way, whatever happens to its connections. */
export interface Reading {
  /** Bytes, as its record or the first answer says. */
  readonly size: number | undefined;
  /** The byte that the stream begins with: the one asked for, or 0 of a source without ranges. */
  readonly startsAt: number;
  readonly stream: Readable;
}

const longestDelayMs = 30_000;

/** A connection's own error is worth another try; so are ours that the table calls retryable. */
const isRetryable = (error: unknown): boolean => !(error instanceof FerryError) || error.retryable;

const delayMs = (failures: number, { firstDelayMs }: RetryBudget, error: unknown): number => {
  const backoff = Math.min(longestDelayMs, firstDelayMs * 2 ** (failures - 1));
  const jittered = backoff * (0.5 + Math.random() / 2);
  return error instanceof FerryError ? Math.max(jittered, error.retryAfterMs ?? 0) : jittered;
};

/** Of a stream that nobody reads any more. */
const ignored = (): void => undefined;

const requireSize = (download: Download, opened: ImageBytes, size: number | undefined): void => {
  const { startsAt, length, stream } = opened;
  if (size === undefined || length === undefined || startsAt + length === size) return;
  stream.on('error', ignored).destroy();
  const reason = `got ${startsAt + length} bytes instead of ${size}`;
  throw new FerryError('data-mismatch', `Failed to copy ${download.name}: ${reason}`);
};

/**
 * Reads a source to its last byte, from its first or from an offset. A connection that breaks or stalls is opened again at the byte where
 * it ended; a source without ranges is read again, and what is known of it thrown away.
 * @throws FerryError, here or by the stream, when the budget is spent or another try cannot help
 */
export const startReading = async (download: Download, options: ReadingOptions): Promise<Reading> => {
  const { budget, signal, end } = options;
  let size = end ?? options.size;
  let position = options.offset ?? 0;
  let failures = 0;
  let inner: Readable | undefined;

  /** Waits before another try. @throws the error when there is none */
  const pause = async (error: unknown): Promise<void> => {
    failures += 1;
    if (signal.aborted) throw signal.reason;
    if (!isRetryable(error) || failures > budget.retries) throw error;
    await delay(delayMs(failures, budget, error), undefined, { signal });
  };

  const open = async (): Promise<ImageBytes> => {
    for (;;) {
      try {
        const opened = await download.open({ offset: position, ...(end !== undefined && { end }), signal });
        requireSize(download, opened, size);
        return opened;
      } catch (error) {
        await pause(error);
      }
    }
  };

  const attach = ({ startsAt, stream }: ImageBytes): void => {
    if (outer.destroyed) return void stream.on('error', ignored).destroy();
    let toSkip = position - startsAt;
    inner = stream;
    stream.on('data', (bytes: Buffer) => {
      const fresh = toSkip > 0 ? bytes.subarray(toSkip) : bytes;
      toSkip -= bytes.length - fresh.length;
      if (fresh.length === 0) return;
      position += fresh.length;
      failures = 0;
      if (!outer.push(fresh)) stream.pause();
    });
    stream.once('error', (error) => void readOn(error)).on('error', ignored);
    stream.once('end', () => {
      if (size === undefined || position === size) outer.push(null);
      else
        void readOn(
          new FerryError('unavailable', `${download.name} ended after ${position} of ${size} bytes`),
        );
    });
  };

  const readOn = async (error: unknown): Promise<void> => {
    try {
      if (outer.destroyed) return;
      await pause(error);
      attach(await open());
    } catch (final) {
      outer.destroy(final instanceof Error ? final : new Error('reading failed', { cause: final }));
    }
  };

  const outer = new Readable({
    read: () => void inner?.resume(),
    destroy: (error, done) => {
      inner?.destroy();
      done(error);
    },
  });

  // An error that comes before somebody reads is kept for the reader.
  outer.on('error', ignored);
  const first = await open();
  size ??= first.length;
  position = first.startsAt;
  attach(first);
  return { size, startsAt: first.startsAt, stream: outer };
};
