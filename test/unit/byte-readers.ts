import type { ByteReader } from '../../lib/http/framing/byte-reader.ts';

export interface ReaderOfPieces extends ByteReader {
  isClosed(): boolean;
}

/** What follows the pieces: the end, an error, or nothing until it is closed. */
export type Sequel = 'end' | 'silence' | Error;

/** Pieces as a reader that keeps its contract: it fills what it is given, as long as there is something left. */
export const readerOf = (pieces: readonly Uint8Array[], sequel: Sequel = 'end'): ReaderOfPieces => {
  const bytes = Buffer.concat(pieces);
  let [position, isClosed] = [0, false];
  let wake = () => {};
  return {
    fill: async (target) => {
      const copied = bytes.copy(target, 0, position);
      position += copied;
      if (copied === target.length || sequel === 'end') return copied;
      if (sequel instanceof Error) {
        if (copied > 0) return copied;
        throw sequel;
      }
      await new Promise<void>((closed) => {
        wake = closed;
      });
      throw new Error('closed while it was read');
    },
    close: () => {
      isClosed = true;
      wake();
    },
    isClosed: () => isClosed,
  };
};

/** Everything that a reader has. @param blockSize bytes that are asked for at a time */
export const readAll = async (reader: ByteReader, blockSize = 64 * 1024): Promise<Buffer> => {
  const blocks: Buffer[] = [];
  for (;;) {
    const block = Buffer.alloc(blockSize);
    const length = await reader.fill(block);
    if (length === 0) return Buffer.concat(blocks);
    blocks.push(block.subarray(0, length));
  }
};
