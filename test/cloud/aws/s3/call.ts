import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';

/** One request, taken apart. */
export interface S3Call {
  readonly method: string;
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: IncomingMessage;
}

export interface S3Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Readable;
}

export type S3Handler = (call: S3Call) => Promise<S3Answer>;

/** Takes a path-style request apart: /bucket/key?query. Virtual-hosted style is not served. */
export function readCall(request: IncomingMessage): S3Call {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/.exec(url.pathname) ?? [];
  return {
    method: request.method ?? 'GET',
    bucket: decodeURIComponent(bucket),
    key: decodeURIComponent(key),
    query: url.searchParams,
    headers: request.headers,
    body: request,
  };
}

/** The one value of a header, `undefined` if it is missing. Names are lower case, as node:http gives them. */
export function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}
