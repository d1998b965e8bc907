/** A fixed number of buffers, lent out one at a time. Whoever finds none waits: this is what bounds memory. */
export interface BufferPool {
  /** Over shared memory, so that another thread can read it (digest-thread.ts). */
  acquire(): Promise<Buffer>;
  release(buffer: Buffer): void;
  /** Nobody acquires any more. Buffers are kept for the next pool of this process. */
  close(): void;
}

/**
 * Buffers that no pool has at the moment. A function that stays warm copies image after image, and shared memory is
 * given back to the system late: without this, each copy would add its own.
 */
let kept: Buffer[] = [];

const takeKept = (size: number): Buffer | undefined => {
  const fitting = kept.findIndex((buffer) => buffer.length === size);
  return fitting < 0 ? undefined : kept.splice(fitting, 1)[0];
};

/**
 * Bytes that are kept at most. A worker has copies (parts of one size) and uploads (blocks of another) in turn: were the
 * ones let go for the others, each would wait in memory for a garbage collector that external memory does not hurry.
 */
const mostKept = 160 * 1024 ** 2;

const bytesOf = (buffers: readonly Buffer[]): number =>
  buffers.reduce((sum, buffer) => sum + buffer.length, 0);

/** The oldest go for the newest. */
const keep = (buffers: readonly Buffer[]): void => {
  kept.push(...buffers);
  while (bytesOf(kept) > mostKept) kept.shift();
};

/** A pool that may need all that there is has no room beside it for what others have left. */
const makeRoomFor = (bytes: number, size: number): void => {
  if (bytes > mostKept) kept = kept.filter((buffer) => buffer.length === size);
};

/**
 * @param count buffers at most; they are allocated when first needed, so a small image stays small
 * @param size bytes of each
 */
export const createBufferPool = (count: number, size: number): BufferPool => {
  makeRoomFor(count * size, size);
  const free: Buffer[] = [];
  const waiting: ((buffer: Buffer) => void)[] = [];
  let allocated = 0;
  let isClosed = false;

  const allocate = (): Buffer | undefined => {
    if (allocated === count) return undefined;
    allocated += 1;
    return takeKept(size) ?? Buffer.from(new SharedArrayBuffer(size));
  };

  return {
    acquire: () => {
      const buffer = free.pop() ?? allocate();
      return buffer ? Promise.resolve(buffer) : new Promise((lend) => waiting.push(lend));
    },
    release: (buffer) => {
      const next = waiting.shift();
      if (next) next(buffer);
      else if (isClosed) keep([buffer]);
      else free.push(buffer);
    },
    close: () => {
      isClosed = true;
      keep(free.splice(0));
    },
  };
};
