import type { PartAlgorithm } from '../aws/s3/part-checksum.ts';

/** What the digests' thread is told, in the order in which it is sent; so come the bytes of a run. */
export type Request =
  | {
      readonly kind: 'open';
      readonly run: number;
      readonly hashes: readonly { readonly name: string; readonly outputLength?: number | undefined }[];
      readonly part?: PartAlgorithm | undefined;
    }
  | {
      readonly kind: 'update';
      readonly run: number;
      readonly id: number;
      readonly memory: SharedArrayBuffer;
      readonly offset: number;
      readonly length: number;
    }
  | { readonly kind: 'endPart' | 'values'; readonly run: number; readonly id: number }
  | { readonly kind: 'close'; readonly run: number };

/** To each request that has an id. */
export interface Reply {
  readonly id: number;
  readonly value: unknown;
}

/**
 * All that the thread runs. A function is deployed as one file, so its text is handed to the thread: nothing outside of
 * it may be named in here but Node's globals and types.
 */
const serveDigests = (): void => {
  const { parentPort } = process.getBuiltinModule('node:worker_threads');
  const { createHash } = process.getBuiltinModule('node:crypto');
  const { crc32 } = process.getBuiltinModule('node:zlib');

  interface Checksum {
    update(bytes: Uint8Array): void;
    /** Base64. */
    value(): string;
  }

  const ofHash = (name: string): Checksum => {
    const hash = createHash(name);
    return { update: (bytes) => void hash.update(bytes), value: () => hash.digest('base64') };
  };

  /** Four bytes, big-endian, as S3 writes a CRC. */
  const ofCrc32 = (): Checksum => {
    let sum = 0;
    const update = (bytes: Uint8Array): void => {
      sum = crc32(bytes, sum);
    };
    const value = (): string => {
      const four = Buffer.alloc(4);
      four.writeUInt32BE(sum);
      return four.toString('base64');
    };
    return { update, value };
  };

  const createChecksum = (algorithm: PartAlgorithm | undefined): Checksum => {
    if (algorithm === undefined) return { update: () => undefined, value: () => '' };
    return algorithm === 'crc32' ? ofCrc32() : ofHash(algorithm);
  };

  const openRun = ({ hashes, part }: Extract<Request, { kind: 'open' }>) => {
    const digests = hashes.map(({ name, outputLength }) =>
      createHash(name, outputLength === undefined ? {} : { outputLength }),
    );
    let checksum = createChecksum(part);
    return {
      update: (bytes: Uint8Array): void => {
        for (const digest of digests) digest.update(bytes);
        checksum.update(bytes);
      },
      endPart: (): string => {
        const value = checksum.value();
        checksum = createChecksum(part);
        return value;
      },
      values: (): readonly string[] => digests.map((digest) => digest.digest('hex')),
    };
  };

  const runs = new Map<number, ReturnType<typeof openRun>>();

  const answer = (request: Request): unknown => {
    if (request.kind === 'open') return void runs.set(request.run, openRun(request));
    const run = runs.get(request.run);
    if (request.kind === 'close' || request.kind === 'values') runs.delete(request.run);
    if (request.kind === 'close') return undefined;
    if (!run) throw new Error('there is no such run of digests');
    if (request.kind !== 'update') return run[request.kind]();
    return run.update(new Uint8Array(request.memory, request.offset, request.length));
  };

  parentPort?.on('message', (request: Request) => {
    const value = answer(request);
    if ('id' in request) parentPort.postMessage({ id: request.id, value } satisfies Reply);
  });
};

/** For a Worker's `eval`. */
export const digestProgram = `(${serveDigests})()`;
