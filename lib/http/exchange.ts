import { type AnswerBody, bodyOf, withRest } from './answer-body.ts';
import type { Connection } from './connections/connection.ts';
import {
  type Connections,
  type Dialed,
  dial,
  dialAgain,
  type Exchange,
  routeTo,
} from './connections/dial.ts';
import { TooSlow } from './framing/faults.ts';
import { type AnswerHead, type MessageHead, parseHead } from './framing/message-head.ts';
import { idleMsAfter } from './framing/persistence.ts';
import { watchPace } from './pace.ts';

// GET of image data over HTTP/1.1; PUT is in put.ts. undici and the SDK speak HTTP for everything small; data goes from the kernel into the buffer that it is hashed and sent from, which neither can do
// (docs/architecture.md, "Decisions").

export type { Connections, Exchange };

export interface Answer extends MessageHead {
  readonly body: AnswerBody;
}

/** Limits that no byte of the peer's begins anew. */
const longestHead = 64 * 1024; // bytes
const longestHeadMs = 30_000;
const mostInterim = 16;
const endOfHead = '\r\n\r\n';
const requestTimeout = 408;

interface Head extends AnswerHead {
  /** What of the body came with it. */
  readonly rest: Buffer;
}

/** Reads up to the empty line. */
const readHead = async (read: Connection['read']): Promise<Head> => {
  const bytes = Buffer.allocUnsafe(longestHead);
  let length = 0;
  let end = -1;
  while (end < 0) {
    if (length === longestHead) throw new Error('the head of the answer is too long');
    const came = await read(bytes.subarray(length), 1);
    if (came === 0) throw new Error('the connection ended before an answer came');
    // The empty line may have begun in what came before.
    const from = Math.max(0, length - endOfHead.length);
    length += came;
    end = bytes.subarray(0, length).indexOf(endOfHead, from);
  }
  const head = parseHead(bytes.toString('latin1', 0, end));
  return { ...head, rest: bytes.subarray(end + endOfHead.length, length) };
};

/** The final head: those of 1xx come before it (RFC 9110 15.2). */
const readFinalHead = async (read: Connection['read']): Promise<Head> => {
  let head = await readHead(read);
  for (let count = 1; head.statusCode < 200; count += 1) {
    if (count > mostInterim) throw new Error(`more than ${mostInterim} interim answers came`);
    head = await readHead(withRest(read, head.rest).read);
  }
  return head;
};

/** The answer, whose body's reader must get bytes at a minimum rate while it asks for them. */
const answerOf = ({ connection, keep }: Dialed, head: Head, { connections }: Exchange): Answer => {
  const { minimumRate = 0, windowMs } = connections;
  const pace = watchPace({
    minimumRate,
    windowMs,
    moved: connection.received,
    tooSlow: (told) => connection.fail(new TooSlow(`it sent ${told}`)),
  });
  const close = (): void => {
    pace.stop();
    connection.close();
  };
  const { read, isEmpty } = withRest(connection.read, head.rest);
  const done = (): void => {
    const idleMs = idleMsAfter(head);
    if (idleMs > 0 && isEmpty()) keep(idleMs);
    close();
  };
  const paced: Connection['read'] = (target, least) => pace.during(read(target, least));
  const { statusCode, headers } = head;
  return { statusCode, headers, body: bodyOf({ read: paced, close, done }, head) };
};

/**
 * Reads an answer, whose head must come whole in a time that no byte of it begins anew.
 * @param from when that time begins: now, or with the first byte
 */
export const readAnswer = async (
  dialed: Dialed,
  exchange: Exchange,
  from: 'now' | 'first byte',
): Promise<Answer> => {
  const { connection } = dialed;
  const { headMs = longestHeadMs } = exchange.connections;
  const late = (): void => connection.fail(new Error(`no whole answer came in ${headMs / 1000} s`));
  let timer = from === 'now' ? setTimeout(late, headMs) : undefined;
  const timed: Connection['read'] = async (target, least) => {
    const came = await connection.read(target, least);
    timer ??= setTimeout(late, headMs);
    return came;
  };
  try {
    return answerOf(dialed, await readFinalHead(timed), exchange);
  } finally {
    clearTimeout(timer);
  }
};

/** @throws Error for a header that would begin a line of its own */
export const requestHead = (method: 'GET' | 'PUT', { target, headers }: Dialed): Buffer => {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  if (lines.some((line) => /[^\t\x20-\x7e\x80-\xff]/.test(line)))
    throw new Error('a header has a forbidden byte');
  return Buffer.from([`${method} ${target} HTTP/1.1`, ...lines, '', ''].join('\r\n'), 'latin1');
};

export const closingOnError = async <T>(connection: Connection, run: () => Promise<T>): Promise<T> => {
  try {
    return await run();
  } catch (error) {
    connection.close();
    throw error;
  }
};

const ask = (dialed: Dialed, exchange: Exchange): Promise<Answer> =>
  closingOnError(dialed.connection, async () => {
    await dialed.connection.write(requestHead('GET', dialed));
    return await readAnswer(dialed, exchange, 'now');
  });

/**
 * Asks on a connection that has served an exchange before. Its peer may have closed it meanwhile, without a word or with a
 * 408 (RFC 9110 15.5.9), which says nothing of the request.
 * @returns undefined then
 */
const askAgain = async (dialed: Dialed, exchange: Exchange): Promise<Answer | undefined> => {
  try {
    const answer = await ask(dialed, exchange);
    if (answer.statusCode !== requestTimeout) return answer;
    answer.body.close();
    return undefined;
  } catch (error) {
    if (dialed.connection.isDeserted()) return undefined;
    throw error;
  }
};

/**
 * On a connection that has served an exchange before, where there is one; where its peer has closed it, once more on a new
 * one, as a GET may be (RFC 9112 9.3.1).
 * @throws Error when no answer comes; the signal's reason
 */
export const get = async (exchange: Exchange): Promise<Answer> => {
  const route = await routeTo(exchange, 'keep-alive');
  const again = await dialAgain(route);
  const answer = again && (await askAgain(again, exchange));
  return answer ?? (await ask(await dial(route), exchange));
};
