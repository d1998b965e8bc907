import http from 'node:http';
import https from 'node:https';
import { Agent, type Dispatcher } from 'undici';
import { get } from '../../lib/http/exchange.ts';
import { fillWhole } from '../../lib/http/framing/byte-reader.ts';

// The same by three clients: GET of a body into one buffer that is used again and again, as a part's is.

/** A range, half-open. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** @param range the whole when absent @returns how many bytes came */
export type Client = (url: string, buffer: Buffer, range?: Range) => Promise<number>;

const headersOf = (range: Range | undefined): Record<string, string> =>
  range ? { range: `bytes=${range.from}-${range.to - 1}` } : {};

const { signal } = new AbortController();
const connections = { stallMs: 60_000 };

const readInto = async (url: string, buffer: Buffer, headers: Record<string, string>): Promise<number> => {
  const { body } = await get({ url, headers, connections, signal });
  let read = 0;
  for (let came = -1; came !== 0; read += came) came = await fillWhole(body, buffer);
  return read;
};

const ours: Client = (url, buffer, range) => readInto(url, buffer, headersOf(range));
/** The server closes it when it has answered, and says so. */
const oursAnew: Client = (url, buffer, range) =>
  readInto(url, buffer, { ...headersOf(range), connection: 'close' });

/** Pieces of whatever size, copied together. */
const createCollector = (buffer: Buffer) => {
  let [at, read] = [0, 0];
  return {
    add: (piece: Buffer): void => {
      read += piece.length;
      for (let taken = 0; taken < piece.length; ) {
        const copied = piece.copy(buffer, at, taken);
        taken += copied;
        at = (at + copied) % buffer.length;
      }
    },
    read: () => read,
  };
};

const agents = {
  'http:': new http.Agent({ keepAlive: true }),
  'https:': new https.Agent({ keepAlive: true }),
};

const ofNode: Client = (url, buffer, range) =>
  new Promise((resolve, reject) => {
    const { add, read } = createCollector(buffer);
    const isSecure = url.startsWith('https:');
    const options = { agent: agents[isSecure ? 'https:' : 'http:'], headers: headersOf(range) };
    (isSecure ? https : http)
      .get(url, options, (response) => {
        response
          .on('data', add)
          .on('end', () => resolve(read()))
          .on('error', reject);
      })
      .on('error', reject);
  });

const agent = new Agent();

const ofUndici: Client = (url, buffer, range) =>
  new Promise((resolve, reject) => {
    const { add, read } = createCollector(buffer);
    const { origin, pathname: path } = new URL(url);
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: () => undefined,
      onResponseStart: () => undefined,
      onResponseData: (_controller, piece) => add(piece),
      onResponseEnd: () => resolve(read()),
      onResponseError: (_controller, error) => reject(error),
    };
    agent.dispatch({ origin, path, method: 'GET', headers: headersOf(range) }, handler);
  });

export const clients = {
  'lib/http': ours,
  'node:http(s)': ofNode,
  'undici.dispatch': ofUndici,
  'lib/http, a connection for each': oursAnew,
} as const satisfies Record<string, Client>;

export type ClientName = keyof typeof clients;
