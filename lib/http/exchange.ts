import type { LookupFunction } from 'node:net';
import { ignored } from '../promises.ts';
import { type AnswerBody, bodyOf, withRest } from './answer-body.ts';
import { type Connection, connect } from './connection.ts';
import { type MessageHead, parseHead } from './message-head.ts';

// GET and PUT of image data over HTTP/1.1, one exchange a connection. undici and the SDK speak HTTP for everything small;
// data goes from the kernel into the buffer that it is hashed and sent from, which neither can do (docs/architecture.md,
// "Decisions").

/** How connections are made. */
export interface Connections {
  /** PEM of a CA that is trusted instead of the public ones. */
  readonly ca?: Buffer | undefined;
  readonly lookup?: LookupFunction | undefined;
  /** Longest wait for the next byte, ms. */
  readonly stallMs: number;
}

export interface Exchange {
  /** http or https. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: Connections;
  readonly signal: AbortSignal;
}

export interface Answer extends MessageHead {
  readonly body: AnswerBody;
}

const longestHead = 64 * 1024; // bytes
const endOfHead = '\r\n\r\n';

const open = ({ url, connections, signal }: Exchange, stallMs = connections.stallMs): Connection => {
  signal.throwIfAborted();
  const { protocol, hostname, port } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') throw new Error(`${protocol} is not HTTP`);
  const isSecure = protocol === 'https:';
  const { ca, lookup } = connections;
  return connect({
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port) || (isSecure ? 443 : 80),
    isSecure,
    ca,
    lookup,
    stallMs,
    signal,
  });
};

/** @throws Error for a header that would begin a line of its own */
const requestHead = (method: 'GET' | 'PUT', { url, headers }: Exchange): Buffer => {
  const { pathname, search, host } = new URL(url);
  const all = { host, connection: 'close', ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  if (lines.some((line) => /[^\t\x20-\x7e\x80-\xff]/.test(line)))
    throw new Error('a header has a forbidden byte');
  return Buffer.from([`${method} ${pathname}${search} HTTP/1.1`, ...lines, '', ''].join('\r\n'), 'latin1');
};

/** Reads up to the empty line. @returns the head, and what of the body came with it */
const readHead = async (connection: Connection): Promise<MessageHead & { readonly rest: Buffer }> => {
  const bytes = Buffer.allocUnsafe(longestHead);
  let length = 0;
  let end = -1;
  while (end < 0) {
    if (length === longestHead) throw new Error('the head of the answer is too long');
    const came = await connection.read(bytes.subarray(length), 1);
    if (came === 0) throw new Error('the connection ended before an answer came');
    length += came;
    end = bytes.subarray(0, length).indexOf(endOfHead);
  }
  const head = parseHead(bytes.toString('latin1', 0, end));
  return { ...head, rest: bytes.subarray(end + endOfHead.length, length) };
};

/** The final answer: those of 1xx come before it (RFC 9110 15.2). */
const readAnswer = async (connection: Connection): Promise<Answer> => {
  let head = await readHead(connection);
  while (head.statusCode < 200) {
    const read = withRest(connection, head.rest);
    head = await readHead({ ...connection, read });
  }
  const { statusCode, headers } = head;
  return { statusCode, headers, body: bodyOf(connection, head) };
};

const closingOnError = async <T>(connection: Connection, run: () => Promise<T>): Promise<T> => {
  try {
    return await run();
  } catch (error) {
    connection.close();
    throw error;
  }
};

/** @throws Error when no answer comes; the signal's reason */
export const get = async (exchange: Exchange): Promise<Answer> => {
  const connection = open(exchange);
  return await closingOnError(connection, async () => {
    await connection.write(requestHead('GET', exchange));
    return await readAnswer(connection);
  });
};

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

/** Sends the pieces until they end, or an answer comes before, or the connection breaks. @throws what the pieces throw */
const sendPieces = async (
  connection: Connection,
  pieces: AsyncIterator<Buffer>,
  answered: Promise<Answer>,
): Promise<void> => {
  // A refusal that comes while the body is on its way is the answer; a connection that breaks ends the wait for it.
  const unlessAnswered = raceAgainst(answered);
  for (;;) {
    const next = await unlessAnswered(pieces.next());
    if (!next || next.done) return;
    const left = connection.write(next.value).then(
      () => true,
      () => false,
    );
    if (!(await unlessAnswered(left))) return;
  }
};

/**
 * PUT of a body whose length stands in `content-length`. Each piece has left when the next one is asked for, so that
 * its buffer may be used again. There is no limit on the wait for the answer: Glance gives it when its store has all.
 * @throws Error when no answer comes, what the body throws, which ends the connection; the signal's reason
 */
export const put = async (exchange: Exchange, body: AsyncIterable<Buffer>): Promise<Answer> => {
  const connection = open(exchange, 0);
  return await closingOnError(connection, async () => {
    await connection.write(requestHead('PUT', exchange));
    const answered = readAnswer(connection);
    const pieces = body[Symbol.asyncIterator]();
    try {
      await sendPieces(connection, pieces, answered);
      return await answered;
    } finally {
      // The body hears that it is not wanted any more. Not awaited: it may be waiting for bytes that never come.
      pieces.return?.().catch(ignored);
    }
  });
};
