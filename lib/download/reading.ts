import { setTimeout as delay } from 'node:timers/promises';
import { FerryError } from '../errors.ts';
import type { ByteReader } from '../http/byte-reader.ts';
import { ignored } from '../promises.ts';
import type { ByteSource, ImageBytes } from './download.ts';

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
  /** The byte to end before, of a source that must have ranges; the image's end when absent. */
  readonly end?: number;
  readonly budget: RetryBudget;
  readonly signal: AbortSignal;
}

/** An image on its way, whatever happens to its connections. */
export interface Reading extends ByteReader {
  /** Bytes of the image, as its record or the first answer says. */
  readonly size: number | undefined;
  /** The byte that comes first: the one asked for, or 0 of a source without ranges. */
  readonly startsAt: number;
}

const longestDelayMs = 30_000;
/**
 * A connection's own error is worth another try; so are ours that the table calls retryable, unless the source wants to
 * be left alone for longer than a function should wait: that is the queue's to wait for.
 */
const isRetryable = (error: unknown): boolean =>
  !(error instanceof FerryError) || (error.retryable && (error.retryAfterMs ?? 0) <= longestDelayMs);

const delayMs = (failures: number, { firstDelayMs }: RetryBudget, error: unknown): number => {
  const backoff = Math.min(longestDelayMs, firstDelayMs * 2 ** (failures - 1));
  const jittered = backoff * (0.5 + Math.random() / 2);
  return error instanceof FerryError ? Math.max(jittered, error.retryAfterMs ?? 0) : jittered;
};

const skipSize = 256 * 1024; // bytes at a time

/** Reads and forgets. @throws Error when the source ends before */
const skip = async (body: ByteReader, bytes: number): Promise<void> => {
  const scratch = Buffer.allocUnsafe(Math.min(bytes, skipSize));
  for (let left = bytes; left > 0; ) {
    const came = await body.fill(scratch.subarray(0, Math.min(left, scratch.length)));
    if (came === 0) throw new Error('the source has ended');
    left -= came;
  }
};

/**
 * Reads a source to its last byte, or to another one, from its first or from an offset. A connection that breaks or
 * stalls is opened again at the byte where it ended; a source without ranges is read again, and what is known of it
 * thrown away.
 * @throws FerryError, here or by `fill`, when the budget is spent or another try cannot help; the signal's reason
 */
export const startReading = async (source: ByteSource, options: ReadingOptions): Promise<Reading> => {
  const { budget, signal, end } = options;
  let { size } = options;
  let position = options.offset ?? 0;
  let failures = 0;
  let body: ByteReader | undefined;
  const closed = new AbortController();
  const ended = AbortSignal.any([signal, closed.signal]);

  const closeBody = (): void => {
    body?.close();
    body = undefined;
  };

  /** Waits before another try. @throws the error when there is none */
  const pause = async (error: unknown): Promise<void> => {
    closeBody();
    failures += 1;
    ended.throwIfAborted();
    if (!isRetryable(error) || failures > budget.retries) throw error;
    await delay(delayMs(failures, budget, error), undefined, { signal: ended }).catch(ignored);
    ended.throwIfAborted();
  };

  const requireSize = ({ startsAt, length }: ImageBytes): void => {
    const expected = end ?? size;
    if (expected === undefined || length === undefined || startsAt + length === expected) return;
    const reason = `got ${startsAt + length} bytes instead of ${expected}`;
    throw new FerryError('data-mismatch', `Failed to copy ${source.name}: ${reason}`);
  };

  const open = async (): Promise<ImageBytes> => {
    const asked = {
      offset: position,
      ...(end !== undefined && { end }),
      ...(size !== undefined && { size }),
    };
    const opened = await source.open({ ...asked, signal: ended });
    body = opened.body;
    requireSize(opened);
    return opened;
  };

  const reopen = async (): Promise<ByteReader> => {
    const opened = await open();
    if (opened.startsAt < position) await skip(opened.body, position - opened.startsAt);
    return opened.body;
  };

  /** Repeats until it succeeds. */
  const retrying = async <T>(run: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await run();
      } catch (error) {
        await pause(error);
      }
    }
  };

  const expected = (): number | undefined => end ?? size;

  /** @returns 0 at the end of a source that has not told its size */
  const readOnce = async (target: Buffer): Promise<number> => {
    const came = await (body ?? (await reopen())).fill(target);
    position += came;
    if (came > 0) failures = 0;
    if (came > 0 || expected() === undefined) return came;
    throw new FerryError('unavailable', `${source.name} ended after ${position} of ${expected()} bytes`);
  };

  const fill: Reading['fill'] = async (target) => {
    const wanted = Math.min(target.length, (expected() ?? Number.POSITIVE_INFINITY) - position);
    let filled = 0;
    while (filled < wanted) {
      ended.throwIfAborted();
      const came = await retrying(() => readOnce(target.subarray(filled, wanted)));
      if (came === 0) break;
      filled += came;
    }
    return filled;
  };

  const first = await retrying(open);
  size ??= first.length;
  position = first.startsAt;
  return {
    size,
    startsAt: first.startsAt,
    fill,
    close: () => {
      closed.abort(new Error(`nobody reads ${source.name} any more`));
      closeBody();
    },
  };
};
