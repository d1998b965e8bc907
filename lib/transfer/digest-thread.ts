import { Worker } from 'node:worker_threads';
import type { PartAlgorithm } from '../aws/s3/part-checksum.ts';
import { type DigestLengths, opensslName } from './algorithms.ts';
import { digestProgram, type Reply, type Request } from './digest-program.ts';

/** Digests over one run of parts, taken in a thread of their own: the main one moves bytes meanwhile. */
export interface ThreadDigest {
  /**
   * The next bytes, in order. They must not change before the answer is there.
   * @param bytes over a SharedArrayBuffer, see buffer-pool.ts
   */
  update(bytes: Buffer): Promise<void>;
  /** Ends a part. @returns its checksum by `partAlgorithm`, in base64: of all bytes since the last part; '' without one */
  endPart(): Promise<string>;
  /** Lower-case hex by algorithm, of all bytes so far. Ends the digest. */
  values(): Promise<Readonly<Record<string, string>>>;
  /** Ends a digest whose values nobody wants. */
  close(): void;
}

export interface ThreadDigestOptions {
  /** hashlib names of the digests over all bytes. */
  readonly algorithms: readonly string[];
  /** Of those that have none of their own. */
  readonly lengths?: DigestLengths;
  /** Of each part by itself. */
  readonly partAlgorithm?: PartAlgorithm;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** One thread, and what waits for its answers. It keeps the process alive only while something waits. */
const startThread = (ended: () => void) => {
  const worker = new Worker(digestProgram, { eval: true, execArgv: [] });
  worker.unref();
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  let failure: Error | undefined;

  worker.on('message', ({ id, value }: Reply) => {
    const found = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) worker.unref();
    found?.resolve(value);
  });
  const fail = (error: Error): void => {
    ended();
    failure ??= error;
    for (const { reject } of waiting.values()) reject(failure);
    waiting.clear();
  };
  worker.on('error', fail).on('exit', (code) => fail(new Error(`the digests' thread ended (${code})`)));

  return {
    send: (request: Request): void => worker.postMessage(request),
    ask: (request: (id: number) => Request): Promise<unknown> =>
      new Promise((resolve, reject) => {
        if (failure) return reject(failure);
        lastId += 1;
        waiting.set(lastId, { resolve, reject });
        worker.ref();
        worker.postMessage(request(lastId));
      }),
  };
};

let thread: ReturnType<typeof startThread> | undefined;
let lastRun = 0;

/** The process's one thread, started when it is first needed, and anew if it has ended. */
const theThread = () => {
  if (thread) return thread;
  const started = startThread(() => {
    // It tells of its end twice, and another one may have begun in between.
    if (thread === started) thread = undefined;
  });
  thread = started;
  return started;
};

/** @throws Error for an algorithm that node:crypto does not know, see isKnownAlgorithm; when the thread ends */
export const createThreadDigest = ({
  algorithms,
  lengths = {},
  partAlgorithm,
}: ThreadDigestOptions): ThreadDigest => {
  const { send, ask } = theThread();
  const names = [...new Set(algorithms)];
  lastRun += 1;
  const run = lastRun;
  const hashes = names.map((name) => ({ name: opensslName(name), outputLength: lengths[name] }));
  send({ kind: 'open', run, hashes, part: partAlgorithm });
  return {
    update: async (bytes) => {
      const { buffer, byteOffset: offset, length } = bytes;
      if (!(buffer instanceof SharedArrayBuffer)) throw new TypeError('the bytes are not shared memory');
      await ask((id) => ({ kind: 'update', run, id, memory: buffer, offset, length }));
    },
    endPart: async () => (await ask((id) => ({ kind: 'endPart', run, id }))) as string,
    values: async () => {
      const values = (await ask((id) => ({ kind: 'values', run, id }))) as string[];
      return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
    },
    close: () => send({ kind: 'close', run }),
  };
};
