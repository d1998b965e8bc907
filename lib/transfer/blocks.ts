import { begun, ignored } from '../promises.ts';
import { createBufferPool } from './buffer-pool.ts';

/** Some bytes, in order. Whoever has them says when the buffer may be used again. */
export interface Block {
  readonly bytes: Buffer;
  release(): void;
}

export interface BlockOptions {
  /** The byte to begin with; 0 when absent. */
  readonly from?: number;
  /** The byte to end before. */
  readonly size: number;
  /** Bytes of every block but the last. */
  readonly blockSize: number;
  /** Blocks in memory, and on their way, at once. */
  readonly atOnce: number;
  /** Fills the buffer with the bytes from an offset on. */
  read(target: Buffer, offset: number, options: { readonly signal: AbortSignal }): Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Reads something that has ranges in blocks, several of them side by side, and gives them out in order. Nothing is read
 * while all buffers are taken.
 * @throws what `read` throws, when its block's turn comes; nothing is read any more afterwards
 */
export const readBlocks = async function* (options: BlockOptions): AsyncGenerator<Block, void> {
  const { size, blockSize, atOnce, from = 0 } = options;
  const pool = createBufferPool(atOnce, blockSize);
  const ended = new AbortController();
  const signal = AbortSignal.any([options.signal, ended.signal]);
  const ahead: Promise<Block>[] = [];
  let offset = from;

  const readOne = async (at: number): Promise<Block> => {
    const buffer = await pool.acquire();
    const release = () => pool.release(buffer);
    const bytes = buffer.subarray(0, Math.min(blockSize, size - at));
    try {
      await options.read(bytes, at, { signal });
      return { bytes, release };
    } catch (error) {
      release();
      throw error;
    }
  };
  const readAhead = (): void => {
    if (offset >= size) return;
    const at = offset;
    ahead.push(begun(() => readOne(at)));
    offset += blockSize;
  };

  try {
    for (let count = 0; count < atOnce; count += 1) readAhead();
    for (let block = ahead.shift(); block; block = ahead.shift()) {
      yield await block;
      readAhead();
    }
  } finally {
    ended.abort(new Error('nobody reads the blocks any more'));
    for (const left of ahead) left.then(({ release }) => release(), ignored);
    pool.close();
  }
};
