import { setTimeout as delay } from 'node:timers/promises';
import { FerryError, hasCode } from '../errors.ts';
import type { ByteReader } from '../http/framing/byte-reader.ts';
import { EndedEarly, UnframedAnswer } from '../http/framing/faults.ts';
import { connectionError } from '../openstack/http.ts';
import { ignored } from '../promises.ts';
import type { ByteSource, ImageBytes } from './download.ts';

/** How often a source is tried again without a byte of progress, and how long it is left alone in between. */
export interface RetryBudget {
  readonly retries: number;
  /** Doubled at each further one, with jitter. */
  readonly firstDelayMs: number;
  /** Bytes after which a failure is forgotten: one byte a connection is no progress. 1 when absent. */
  readonly forgottenAfter?: number;
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
 * What the table calls retryable is worth another try, unless the source wants to be left alone for longer than a
 * function should wait, which is the queue's to wait for; a mistake of our own is made again. A source that was slow for a
 * minute has as many more of them as the budget says, and no other step.
 */
const isRetryable = (error: FerryError): boolean =>
  hasCode(error, 'too-slow') ||
  (error.retryable && error.code !== 'internal' && (error.retryAfterMs ?? 0) <= longestDelayMs);

const delayMs = (
  failures: number,
  { firstDelayMs }: RetryBudget,
  { retryAfterMs = 0 }: FerryError,
): number => {
  const backoff = Math.min(longestDelayMs, firstDelayMs * 2 ** (failures - 1));
  return Math.max(backoff * (0.5 + Math.random() / 2), retryAfterMs);
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

const mismatch = ({ name }: ByteSource, reason: string, cause?: unknown): FerryError =>
  new FerryError('data-mismatch', `Failed to copy ${name}: ${reason}`, { cause });

/**
 * Reads a source to its last byte, or to another one, from its first or from an offset. A connection that breaks or
 * stalls is opened again at the byte where it ended; a source without ranges is read again, and what is known of it
 * thrown away.
 * @throws FerryError, here or by `fill`, when the budget is spent or another try cannot help: `data-mismatch` where the
 *   source itself has ended before its end at every try; the signal's reason
 */
export const startReading = async (source: ByteSource, options: ReadingOptions): Promise<Reading> => {
  const { budget, signal, end } = options;
  let { size } = options;
  let position = options.offset ?? 0;
  let failures = 0;
  /** Failures of these that were none of a connection: the source itself ended before its end. */
  let early = 0;
  let sinceFailure = 0;
  let body: ByteReader | undefined;
  const closed = new AbortController();
  const ended = AbortSignal.any([signal, closed.signal]);

  const expected = (): number | undefined => end ?? size;

  const closeBody = (): void => {
    body?.close();
    body = undefined;
  };

  /** What a failure means. A source that ends at the same byte at every try will not be any longer at the next one. */
  const explain = (thrown: unknown): FerryError => {
    early += thrown instanceof EndedEarly ? 1 : 0;
    const isSpent = failures > budget.retries && failures > 1;
    if (!isSpent || early < failures || expected() === undefined)
      return connectionError({ operation: `copy ${source.name}` }, thrown);
    return mismatch(source, `the source ends at byte ${position} of ${expected()}`, thrown);
  };

  /** Waits before another try. @throws FerryError when there is none */
  const pause = async (thrown: unknown): Promise<void> => {
    closeBody();
    failures += 1;
    sinceFailure = 0;
    ended.throwIfAborted();
    const error = explain(thrown);
    if (!isRetryable(error) || failures > budget.retries) throw error;
    await delay(delayMs(failures, budget, error), undefined, { signal: ended }).catch(ignored);
    ended.throwIfAborted();
  };

  const requireSize = ({ startsAt, length }: ImageBytes): void => {
    if (expected() === undefined || length === undefined || startsAt + length === expected()) return;
    throw mismatch(source, `got ${startsAt + length} bytes instead of ${expected()}`);
  };

  /** What has not told its length beforehand may go on. A connection that breaks behind the last byte breaks nothing. */
  const requireEnd = async (): Promise<void> => {
    const more = await body?.fill(Buffer.alloc(1)).catch((error: unknown) => {
      if (error instanceof UnframedAnswer) throw connectionError({ operation: `copy ${source.name}` }, error);
      return 0;
    });
    if (more) throw mismatch(source, `the source goes on after its ${expected()} bytes`);
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

  /** @returns 0 at the end of a source that has not told its size */
  const readOnce = async (target: Buffer): Promise<number> => {
    const came = await (body ?? (await reopen())).fill(target);
    position += came;
    sinceFailure += came;
    if (sinceFailure >= (budget.forgottenAfter ?? 1)) [failures, early] = [0, 0];
    if (came > 0 || expected() === undefined) return came;
    throw new EndedEarly(`the source ended after ${position} of ${expected()} bytes`);
  };

  const fill: Reading['fill'] = async (target) => {
    const wanted = Math.min(target.length, (expected() ?? Number.POSITIVE_INFINITY) - position);
    if (wanted === 0 && target.length > 0) await requireEnd();
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
