import { setTimeout as delay } from 'node:timers/promises';
import { ignored } from '../promises.ts';
import type { Connection } from './connections/connection.ts';
import { dial, type Exchange, routeTo } from './connections/dial.ts';
import { type Answer, closingOnError, readAnswer, requestHead } from './exchange.ts';
import { watchPace } from './pace.ts';

/**
 * Glance answers when its store has everything, and a proxy before it may have kept the whole image until now
 * (nginx's proxy_request_buffering): 1 TiB at 300 MB/s takes an hour. Lambda's own limit comes earlier.
 */
const longestAnswerMs = 3_600_000;
/** An answer may be read before it is told that the last bytes have left. */
const leavesInMs = 1_000;
/** So much is handed over at a time: the rate is measured by what has left, and a piece may be large. */
const sliceSize = 256 * 1024; // bytes

/**
 * Races many short waits against a long one. Unlike Promise.race it leaves nothing behind at the long one, which
 * thousands of pieces of a body would pile up at.
 * @returns undefined for a race that the long wait wins
 */
const raceAgainst = (long: Promise<unknown>) => {
  let racing: { resolve(nothing: undefined): void; reject(error: unknown): void } | undefined;
  let over: (() => void) | undefined;
  const finish = (end: () => void): void => {
    over = end;
    end();
  };
  long.then(
    () => finish(() => racing?.resolve(undefined)),
    (error: unknown) => finish(() => racing?.reject(error)),
  );
  return <T>(short: Promise<T>): Promise<T | undefined> =>
    new Promise<T | undefined>((resolve, reject) => {
      racing = { resolve, reject };
      short.then(resolve, reject);
      over?.();
    });
};

/** Writes slice by slice, and looks that they leave at a minimum rate. */
const createSender = (connection: Connection, { connections }: Exchange) => {
  const { minimumRate = 0, windowMs } = connections;
  let sent = 0;
  const pace = watchPace({
    minimumRate,
    windowMs,
    moved: () => sent,
    tooSlow: (told) => connection.fail(new Error(`it took ${told}`)),
  });
  /** @returns false where the connection is broken: whoever waits for the answer hears why */
  const send = async (piece: Buffer): Promise<boolean> => {
    try {
      for (let at = 0; at < piece.length; at += sliceSize) {
        const slice = piece.subarray(at, at + sliceSize);
        await connection.write(slice);
        sent += slice.length;
      }
      return true;
    } catch {
      return false;
    }
  };
  let last: Promise<boolean> = Promise.resolve(true);
  return {
    send: (piece: Buffer) => {
      last = pace.during(send(piece));
      return last;
    },
    /** How many bytes have left; what is on its way has a moment for it. */
    settled: async () => {
      await Promise.race([last, delay(leavesInMs)]);
      return sent;
    },
    sent: () => sent,
    stop: pace.stop,
  };
};

/** Sends the pieces until they end, or an answer comes before, or the connection breaks. @throws what the pieces throw */
const sendPieces = async (
  pieces: AsyncIterator<Buffer>,
  send: (piece: Buffer) => Promise<boolean>,
  answered: Promise<Answer>,
): Promise<void> => {
  // A refusal that comes while the body is on its way is the answer; a connection that breaks ends the wait for it.
  const unlessAnswered = raceAgainst(answered);
  for (;;) {
    const next = await unlessAnswered(pieces.next());
    if (!next || next.done) return;
    if (!(await unlessAnswered(send(next.value)))) return;
  }
};

/** @throws Error for a success that is told before all bytes are there: a proxy's, not the one that was asked */
const requireAllSent = async (
  { headers }: Exchange,
  { statusCode, body }: Answer,
  settled: () => Promise<number>,
): Promise<void> => {
  if (statusCode >= 300) return;
  const sent = await settled();
  if (sent === Number(headers['content-length'])) return;
  body.close();
  throw new Error(`it answered ${statusCode} after ${sent} of ${headers['content-length']} bytes`);
};

/**
 * PUT of a body whose length stands in `content-length`. Each piece has left when the next one is asked for, so that
 * its buffer may be used again.
 * @throws Error when no answer comes in `connections.answerMs` after the last byte, or the other side takes less than
 *   `connections.minimumRate`; what the body throws, which ends the connection; the signal's reason
 */
export const put = async (exchange: Exchange, body: AsyncIterable<Buffer>): Promise<Answer> => {
  const { answerMs = longestAnswerMs } = exchange.connections;
  // A new one: a body that was sent into a connection that its peer had closed cannot be sent again.
  const dialed = await dial(await routeTo(exchange, 'close', 0));
  const { connection } = dialed;
  const { send, sent, settled, stop } = createSender(connection, exchange);
  let timer: NodeJS.Timeout | undefined;
  return await closingOnError(connection, async () => {
    await connection.write(requestHead('PUT', dialed));
    const answered = readAnswer(dialed, exchange, 'first byte');
    const pieces = body[Symbol.asyncIterator]();
    try {
      await sendPieces(pieces, send, answered);
      const late = new Error(`no answer came in ${answerMs / 1000} s after all ${sent()} bytes were sent`);
      timer = setTimeout(() => connection.fail(late), answerMs);
      const answer = await answered;
      await requireAllSent(exchange, answer, settled);
      return answer;
    } finally {
      clearTimeout(timer);
      stop();
      // The body hears that it is not wanted any more. Not awaited: it may be waiting for bytes that never come.
      pieces.return?.().catch(ignored);
    }
  });
};
