import type { Block } from '../../lib/transfer/blocks.ts';

/** What follows the pieces: the end, an error, or nothing until the signal. */
export type Sequel = 'end' | 'silence' | Error;

export interface BlocksOfPieces {
  /** As an activation opens its object. */
  open(options: { readonly signal: AbortSignal }): AsyncGenerator<Block, void>;
  /** Whether nobody reads any more: to the end, or because it was told so. */
  isOver(): boolean;
  /** Blocks that were given out and not released. */
  held(): number;
}

/** Shared memory, as the digests' thread needs it. */
const shared = (piece: Uint8Array): Buffer => {
  const bytes = Buffer.from(new SharedArrayBuffer(piece.length));
  bytes.set(piece);
  return bytes;
};

/** Pieces as the blocks of an object. */
export const blocksOf = (pieces: readonly Uint8Array[], sequel: Sequel = 'end'): BlocksOfPieces => {
  let [isOver, held] = [false, 0];
  const release = (): void => {
    held -= 1;
  };
  const open = async function* ({ signal }: { readonly signal: AbortSignal }): AsyncGenerator<Block, void> {
    try {
      for (const piece of pieces.filter(({ length }) => length > 0)) {
        held += 1;
        yield { bytes: shared(piece), release };
      }
      if (sequel instanceof Error) throw sequel;
      if (sequel === 'silence')
        await new Promise((_, reject) => {
          const end = () => reject(signal.reason);
          if (signal.aborted) end();
          else signal.addEventListener('abort', end);
        });
    } finally {
      isOver = true;
    }
  };
  return { open, isOver: () => isOver, held: () => held };
};
