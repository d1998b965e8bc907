/** The chunked transfer coding, RFC 9112 section 7.1, taken off piece by piece. */
export interface ChunkedDecoder {
  /** Moves content from one buffer to the other, as far as both reach. @throws Error for what is not chunked */
  decode(from: Buffer, to: Buffer): { readonly read: number; readonly written: number };
  /** Whether the last chunk and the trailers behind it have come. */
  isDone(): boolean;
}

const longestLine = 8 * 1024; // bytes; sizes and trailers need a hundred
const newline = 0x0a;
/** Extensions (RFC 9112 7.1.1) are ignored. 2^52 bytes are enough, and a number can tell them exactly. */
const sizeLine = /^([\da-f]{1,13})[ \t]*(?:;.*)?$/i;

const notChunked = (): Error => new Error('the body is not what Transfer-Encoding: chunked says');

export const createChunkedDecoder = (): ChunkedDecoder => {
  let state: 'size' | 'content' | 'after content' | 'trailers' | 'done' = 'size';
  let line = '';
  /** Bytes of this chunk that are still to come. */
  let left = 0;

  const endLine = (): void => {
    const text = line.replace(/\r$/, '');
    line = '';
    if (state === 'trailers') {
      if (text === '') state = 'done';
    } else if (state === 'after content') {
      if (text !== '') throw notChunked();
      state = 'size';
    } else {
      const [, size] = sizeLine.exec(text) ?? [];
      if (size === undefined) throw notChunked();
      left = Number.parseInt(size, 16);
      state = left === 0 ? 'trailers' : 'content';
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

  const decode: ChunkedDecoder['decode'] = (from, to) => {
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

  return { decode, isDone: () => state === 'done' };
};
