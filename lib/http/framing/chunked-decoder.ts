import { UnframedAnswer } from './faults.ts';

/** The chunked transfer coding, RFC 9112 section 7.1, taken off piece by piece. */
export interface ChunkedDecoder {
  /**
   * Moves content from one buffer to the other, as far as both reach.
   * @throws UnframedAnswer for what is not chunked, then and at every further call
   */
  decode(from: Buffer, to: Buffer): { readonly read: number; readonly written: number };
  /** Whether the last chunk and the trailers behind it have come. */
  isDone(): boolean;
}

const longestLine = 8 * 1024; // bytes; sizes and trailers need a hundred
const longestTrailers = 64 * 1024; // bytes, all of them
/**
 * What stands beside the content: 16 bytes for each size, twice as much as the content it announces, and so much more,
 * or a peer could send extensions for ever (as Go's net/http/internal/chunked.go).
 */
const mostExcess = 16 * 1024; // bytes
const newline = 0x0a;
/** Extensions (RFC 9112 7.1.1) are ignored. 2^52 bytes are enough, and a number can tell them exactly. */
const sizeLine = /^([\da-f]{1,13})[ \t]*(?:;.*)?$/i;

const notChunked = (): Error => new UnframedAnswer('the body is not what Transfer-Encoding: chunked says');

export const createChunkedDecoder = (): ChunkedDecoder => {
  let state: 'size' | 'content' | 'after content' | 'trailers' | 'done' = 'size';
  let line = '';
  /** Bytes of this chunk that are still to come. */
  let left = 0;
  let excess = 0;
  let trailers = 0;
  let failure: unknown;

  const takeSize = (text: string): void => {
    const [, size] = sizeLine.exec(text) ?? [];
    if (size === undefined) throw notChunked();
    left = Number.parseInt(size, 16);
    excess = Math.max(0, excess + text.length - 16 - 2 * left);
    if (excess > mostExcess) throw notChunked();
    state = left === 0 ? 'trailers' : 'content';
  };

  const endLine = (): void => {
    const text = line.endsWith('\r') ? line.slice(0, -1) : line;
    line = '';
    if (state === 'trailers') {
      trailers += text.length + 2;
      if (trailers > longestTrailers) throw notChunked();
      if (text === '') state = 'done';
    } else if (state === 'after content') {
      if (text !== '') throw notChunked();
      state = 'size';
    } else {
      takeSize(text);
    }
  };

  const takeLine = (from: Buffer, start: number): number => {
    const found = from.indexOf(newline, start);
    const end = found < 0 ? from.length : found;
    line += from.toString('latin1', start, end);
    if (line.length > longestLine) throw notChunked();
    if (found < 0) return from.length;
    endLine();
    return end + 1;
  };

  const move: ChunkedDecoder['decode'] = (from, to) => {
    let [read, written] = [0, 0];
    while (read < from.length && state !== 'done') {
      if (state !== 'content') {
        read = takeLine(from, read);
        continue;
      }
      if (written === to.length) break;
      const moved = from.copy(to, written, read, Math.min(from.length, read + left));
      [read, written, left] = [read + moved, written + moved, left - moved];
      if (left === 0) state = 'after content';
    }
    return { read, written };
  };

  const decode: ChunkedDecoder['decode'] = (from, to) => {
    if (failure) throw failure;
    try {
      return move(from, to);
    } catch (error) {
      failure = error;
      throw error;
    }
  };

  return { decode, isDone: () => state === 'done' };
};
