import type { IncomingMessage } from 'node:http';
import { header } from './request.ts';

/** One request as a test may ask about it. Tokens are named by their users; bodies are never kept. */
export interface RecordedRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The user of X-Auth-Token; undefined when the request was not let in. */
  user: string | undefined;
  /** The user of a valid X-Service-Token. */
  serviceUser: string | undefined;
  /** Undefined until answered. */
  status: number | undefined;
}

const kept = [
  ...['accept', 'accept-encoding', 'content-type', 'content-length', 'transfer-encoding', 'expect', 'range'],
  ...['content-range', 'user-agent', 'x-openstack-request-id', 'x-image-meta-store', 'connection'],
];

export interface RequestLog {
  add(incoming: IncomingMessage): RecordedRequest;
  all(): readonly RecordedRequest[];
  clear(): void;
}

export function requestLog(): RequestLog {
  const records: RecordedRequest[] = [];
  return {
    add(incoming) {
      const headers = Object.fromEntries(
        kept.flatMap((name) => {
          const value = header(incoming, name);
          return value === undefined ? [] : [[name, value]];
        }),
      );
      const { method = '', url: path = '' } = incoming;
      const record = { method, path, headers, user: undefined, serviceUser: undefined, status: undefined };
      records.push(record);
      return record;
    },
    all: () => records,
    clear: () => void records.splice(0),
  };
}
