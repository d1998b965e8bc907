import { type AnswerBody, bodyOf, withRest } from './answer-body.ts';
import type { Connection } from './connection.ts';
import { type Connections, type Exchange, open } from './dial.ts';
import { TooSlow } from './faults.ts';
import { type MessageHead, parseHead } from './message-head.ts';
import { watchPace } from './pace.ts';

// GET of image data over HTTP/1.1, one exchange a connection; PUT is in put.ts. undici and the SDK speak HTTP for
// everything small; data goes from the kernel into the buffer that it is hashed and sent from, which neither can do
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

interface Head extends MessageHead {
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
const readFinalHead = async (read: Connection['read'], connection: Connection): Promise<Head> => {
  let head = await readHead(read);
  for (let count = 1; head.statusCode < 200; count += 1) {
    if (count > mostInterim) throw new Error(`more than ${mostInterim} interim answers came`);
    head = await readHead(withRest({ ...connection, read }, head.rest));
  }
  return head;
};

/** The answer, whose body's reader must get bytes at a minimum rate while it asks for them. */
const answerOf = (connection: Connection, head: Head, { connections }: Exchange): Answer => {
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
  const read = withRest(connection, head.rest);
  const paced: Connection['read'] = (target, least) => pace.during(read(target, least));
  const { statusCode, headers } = head;
  return { statusCode, headers, body: bodyOf({ read: paced, close }, head) };
};

/**
 * Reads an answer, whose head must come whole in a time that no byte of it begins anew.
 * @param from when that time begins: now, or with the first byte
 */
export const readAnswer = async (
  connection: Connection,
  exchange: Exchange,
  from: 'now' | 'first byte',
): Promise<Answer> => {
  const { headMs = longestHeadMs } = exchange.connections;
  const late = (): void => connection.fail(new Error(`no whole answer came in ${headMs / 1000} s`));
  let timer = from === 'now' ? setTimeout(late, headMs) : undefined;
  const timed: Connection['read'] = async (target, least) => {
    const came = await connection.read(target, least);
    timer ??= setTimeout(late, headMs);
    return came;
  };
  try {
    return answerOf(connection, await readFinalHead(timed, connection), exchange);
  } finally {
    clearTimeout(timer);
  }
};

/** @throws Error for a header that would begin a line of its own */
export const requestHead = (method: 'GET' | 'PUT', target: string, headers: Exchange['headers']): Buffer => {
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

/** @throws Error when no answer comes; the signal's reason */
export const get = async (exchange: Exchange): Promise<Answer> => {
  const { connection, target, headers } = await open(exchange);
  return await closingOnError(connection, async () => {
    await connection.write(requestHead('GET', target, headers));
    return await readAnswer(connection, exchange, 'now');
  });
};
