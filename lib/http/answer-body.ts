import type { Connection } from './connections/connection.ts';
import type { ByteReader } from './framing/byte-reader.ts';
import { createChunkedDecoder } from './framing/chunked-decoder.ts';
import { EndedEarly, UnframedAnswer } from './framing/faults.ts';
import { framingOf, type MessageHead } from './framing/message-head.ts';

/** Where the connection breaks off, `fill` returns what has come before; the next call throws. */
export interface AnswerBody extends ByteReader {
  /** The first 128 KiB as text, for the reason of a refusal, as far as they come soon. Nobody reads any more. */
  text(): Promise<string>;
  /** Nobody reads any more. */
  dump(): Promise<void>;
}

const longestText = 128 * 1024; // bytes
const longestTextMs = 10_000;
const codedSize = 64 * 1024; // bytes read at a time where they must be decoded

/** Where a body comes from. */
export interface BodySource extends Pick<Connection, 'read' | 'close'> {
  /** The body has been read to its very end, as its framing tells it, and nothing behind it was taken along. */
  done(): void;
}

/** What was read too early, then the connection. */
export const withRest = (read: Connection['read'], first: Buffer) => {
  let rest = first;
  const readBoth: Connection['read'] = async (target, least) => {
    const taken = rest.copy(target);
    rest = rest.subarray(taken);
    if (taken >= least) return taken;
    const more = read(target.subarray(taken), least - taken);
    // A connection that broke says so again at the next call.
    return taken + (taken === 0 ? await more : await more.catch(() => 0));
  };
  return { read: readBoth, isEmpty: (): boolean => rest.length === 0 };
};

/** What has come before a connection broke off counts: it is returned, and the next call throws. */
const bodyOfLength = ({ read, done }: BodySource, bytes: number): ByteReader['fill'] => {
  let left = bytes;
  if (left === 0) done();
  return async (target) => {
    const wanted = Math.min(target.length, left);
    if (wanted === 0) return 0;
    const length = await read(target.subarray(0, wanted), wanted);
    left -= length;
    if (length === 0) throw new EndedEarly(`the connection ended ${left} bytes before the end of the body`);
    if (left === 0) done();
    return length;
  };
};

/** Content before a connection broke off counts, as above; content before what is not chunked is worth nothing. */
const chunkedBody = ({ read, done, close }: BodySource): ByteReader['fill'] => {
  const decoder = createChunkedDecoder();
  const buffer = Buffer.allocUnsafe(codedSize);
  let coded = buffer.subarray(0, 0);

  const readCoded = async (): Promise<void> => {
    coded = buffer.subarray(0, await read(buffer, 1));
    if (coded.length === 0) throw new EndedEarly('the connection ended before the end of the body');
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
      if (filled === 0 || error instanceof UnframedAnswer) throw error;
    }
    if (decoder.isDone() && coded.length === 0) done();
    else if (decoder.isDone()) close();
    return filled;
  };
};

const bodyUntilClose =
  ({ read, close }: BodySource): ByteReader['fill'] =>
  async (target) => {
    const length = await read(target, target.length);
    if (length === 0) close();
    return length;
  };

const closingWhenBroken =
  (fill: ByteReader['fill'], close: () => void): ByteReader['fill'] =>
  async (target) => {
    try {
      return await fill(target);
    } catch (error) {
      close();
      throw error;
    }
  };

/** What came before time or connection ended tells more than nothing. */
const textSoon = async (reader: ByteReader): Promise<string> => {
  const bytes = Buffer.alloc(longestText);
  const timer = setTimeout(() => reader.close(), longestTextMs);
  let length = 0;
  try {
    for (let came = -1; came !== 0; length += came) came = await reader.fill(bytes.subarray(length));
  } catch {
    // The status says the most important thing.
  } finally {
    clearTimeout(timer);
    reader.close();
  }
  return bytes.toString('utf8', 0, length);
};

/** @throws UnframedAnswer for a body that is framed in no or in two ways */
export const bodyOf = (source: BodySource, head: MessageHead): AnswerBody => {
  const { close } = source;
  const framing = framingOf(head);
  const fills = {
    length: () => bodyOfLength(source, framing.kind === 'length' ? framing.bytes : 0),
    chunked: () => chunkedBody(source),
    'until-close': () => bodyUntilClose(source),
  } as const satisfies Record<typeof framing.kind, () => ByteReader['fill']>;
  const reader = { fill: closingWhenBroken(fills[framing.kind](), close), close };
  return { ...reader, text: () => textSoon(reader), dump: async () => close() };
};
