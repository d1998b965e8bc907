import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** An image as its region's Glance gives it. */
export interface ServedImage {
  readonly bytes: Buffer;
  /** Of its record, where it is not the bytes' own. */
  readonly hash?: { readonly algorithm: string; readonly value: string } | null;
  readonly updatedAt?: string;
  /** A store that answers 400 to a Range (rbd, swift, s3). */
  readonly hasNoRanges?: boolean;
  /** Bytes after which its data goes on no more, in each answer. */
  readonly stallsAt?: number;
}

export interface AskedData {
  readonly token: string;
  /** Of the request, inclusive; undefined for all. */
  readonly range: string | undefined;
}

/** Statuses that a token is refused with. */
export interface Refusal {
  readonly record?: number;
  readonly data?: number;
}

export interface ImageServer {
  readonly url: string;
  image: ServedImage;
  readonly refused: Map<string, Refusal>;
  /** Who has asked for data, in order; one byte asked for is a probe. */
  readonly asked: AskedData[];
  /** Bytes of data that were written. */
  bytesRead(): number;
  /** Breaks all connections. */
  closeAll(): void;
  stop(): Promise<void>;
}

/** Of images that were asked about: nobody writes into one. */
const digests = new WeakMap<Buffer, string>();

const sha512Of = (bytes: Buffer) => {
  const value = digests.get(bytes) ?? createHash('sha512').update(bytes).digest('hex');
  digests.set(bytes, value);
  return { algorithm: 'sha512', value };
};

const recordOf = ({ bytes, hash = sha512Of(bytes), updatedAt = '2026-01-01T00:00:00Z' }: ServedImage) => ({
  id: 'source',
  status: 'active',
  size: bytes.length,
  disk_format: 'raw',
  container_format: 'bare',
  hw_disk_bus: 'virtio',
  updated_at: updatedAt,
  ...(hash && { os_hash_algo: hash.algorithm, os_hash_value: hash.value }),
});

/** First and last byte that are asked for. */
const rangeOf = (header: string | undefined, size: number): readonly [number, number] => {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(header ?? '') ?? [];
  return [Number(first ?? 0), last ? Math.min(Number(last), size - 1) : size - 1];
};

/** The Glance of a source's region: one image, of which each test says what it is. */
export const startImageServer = async (image: ServedImage): Promise<ImageServer> => {
  const refused = new Map<string, Refusal>();
  const asked: AskedData[] = [];
  let written = 0;

  const giveData = ({ headers }: IncomingMessage, response: ServerResponse): void => {
    const { bytes, hasNoRanges, stallsAt = Number.POSITIVE_INFINITY } = served.image;
    const { range } = headers;
    if (range && hasNoRanges) return void response.writeHead(400).end();
    const [first, last] = rangeOf(range, bytes.length);
    const data = bytes.subarray(first, last + 1);
    const head = { 'content-length': data.length };
    if (range)
      response.writeHead(206, { ...head, 'content-range': `bytes ${first}-${last}/${bytes.length}` });
    else response.writeHead(200, head);
    const given = data.subarray(0, Math.max(0, stallsAt - first));
    written += given.length;
    if (given.length < data.length) response.write(given);
    else response.end(given);
  };

  const server = createServer((request, response) => {
    const { url = '', headers } = request;
    const token = String(headers['x-auth-token']);
    const { record, data } = refused.get(token) ?? {};
    const isData = url.endsWith('/file');
    if (isData) asked.push({ token, range: headers.range });
    const status = isData ? data : record;
    if (status) return void response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
    if (isData) return giveData(request, response);
    const answer = JSON.stringify(recordOf(served.image));
    response.writeHead(200, { 'content-type': 'application/json' }).end(answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const served: ImageServer = {
    url: `http://127.0.0.1:${port}`,
    image,
    refused,
    asked,
    bytesRead: () => written,
    closeAll: () => server.closeAllConnections(),
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return served;
};
