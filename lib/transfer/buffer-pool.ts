/** A fixed number of buffers, lent out one at a time. Whoever finds none waits: this is what bounds memory. */
export interface BufferPool {
  acquire(): Promise<Buffer>;
  release(buffer: Buffer): void;
}

/**
 * @param count buffers at most; they are allocated when first needed, so a small image stays small
 * @param size bytes of each
 */
export const createBufferPool = (count: number, size: number): BufferPool => {
  const free: Buffer[] = [];
  const waiting: ((buffer: Buffer) => void)[] = [];
  let allocated = 0;

  const allocate = (): Buffer | undefined => {
    if (allocated === count) return undefined;
    allocated += 1;
    return Buffer.allocUnsafeSlow(size);
  };

  return {
    acquire: () => {
      const buffer = free.pop() ?? allocate();
      return buffer ? Promise.resolve(buffer) : new Promise((lend) => waiting.push(lend));
    },
    release: (buffer) => {
      const next = waiting.shift();
      if (next) next(buffer);
      else free.push(buffer);
    },
  };
};
