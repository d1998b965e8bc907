import { type ByteReader, textOf } from './byte-reader.ts';
import { createChunkedDecoder } from './chunked-decoder.ts';
import type { Connection } from './connection.ts';
import { framingOf, type MessageHead } from './message-head.ts';

/** Where the connection breaks off, `fill` returns what has come before; the next call throws. */
export interface AnswerBody extends ByteReader {
  /** The first 128 KiB as text, for the reason of a refusal; ends the connection. */
  text(): Promise<string>;
  /** Ends the connection. */
  dump(): Promise<void>;
}

const longestText = 128 * 1024; // bytes
const codedSize = 64 * 1024; // bytes read at a time where they must be decoded

/** What was read too early, then the connection. */
export const withRest = (connection: Connection, first: Buffer): Connection['read'] => {
  let rest = first;
  return async (target, least) => {
    const taken = rest.copy(target);
    rest = rest.subarray(taken);
    if (taken >= least) return taken;
    const more = connection.read(target.subarray(taken), least - taken);
    return taken + (taken === 0 ? await more : await more.catch(() => 0));
  };
};

/** What has come before a connection broke off counts: it is returned, and the next call throws. */
const bodyOfLength = (read: Connection['read'], bytes: number, done: () => void): ByteReader['fill'] => {
  let left = bytes;
  if (left === 0) done();
  return async (target) => {
    const wanted = Math.min(target.length, left);
    if (wanted === 0) return 0;
    const length = await read(target.subarray(0, wanted), wanted);
    left -= length;
    if (length === 0) throw new Error(`the connection ended ${left} bytes before the end of the body`);
    if (left === 0) done();
    return length;
  };
};

const chunkedBody = (read: Connection['read'], done: () => void): ByteReader['fill'] => {
  const decoder = createChunkedDecoder();
  const buffer = Buffer.allocUnsafe(codedSize);
  let coded = buffer.subarray(0, 0);

  const readCoded = async (): Promise<void> => {
    coded = buffer.subarray(0, await read(buffer, 1));
    if (coded.length === 0) throw new Error('the connection ended before the end of the body');
  };

  return async (target) => {
    let filled = 0;
    try {
      while (filled < target.length && !decoder.isDone()) {
        if (coded.length === 0) await readCoded();
        const moved = decoder.decode(coded, target.subarray(filled));
        coded = coded.subarray(moved.read);
        filled += moved.written;
      }
    } catch (error) {
      if (filled === 0) throw error;
    }
    if (decoder.isDone()) done();
    return filled;
  };
};

/** @param head with what of the body came with it. @throws Error for a body that is framed in no or in two ways */
export const bodyOf = (connection: Connection, head: MessageHead & { readonly rest: Buffer }): AnswerBody => {
  const read = withRest(connection, head.rest);
  const framing = framingOf(head);
  // Nobody need close what was read to its end.
  const done = connection.close;
  const fills = {
    length: () => bodyOfLength(read, framing.kind === 'length' ? framing.bytes : 0, done),
    chunked: () => chunkedBody(read, done),
    'until-close': (): ByteReader['fill'] => (target) => read(target, target.length),
  } as const satisfies Record<typeof framing.kind, () => ByteReader['fill']>;
  const reader = { fill: fills[framing.kind](), close: connection.close };
  return {
    ...reader,
    text: () => textOf(reader, longestText),
    dump: async () => connection.close(),
  };
};
