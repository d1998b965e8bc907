import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** One answer of the server: written by hand, or a status with a JSON body and headers; `reset` breaks the line. */
export type Answer =
  | 'reset'
  | ((request: Seen, response: ServerResponse) => void)
  | {
      readonly status: number;
      readonly json?: unknown;
      readonly text?: string;
      readonly headers?: Record<string, string>;
    };

export interface ScriptedServer {
  readonly url: string;
  /** Every request since the last `script`. */
  readonly seen: Seen[];
  /** The answers to the next requests, in order; the last one stays. */
  script(...answers: Answer[]): void;
  stop(): Promise<void>;
}

const give = (answer: Answer, seen: Seen, response: ServerResponse): void => {
  if (answer === 'reset') return void response.socket?.resetAndDestroy();
  if (typeof answer === 'function') return void answer(seen, response);
  const { status, json, headers } = answer;
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(answer.text ?? (json === undefined ? '' : JSON.stringify(json)));
};

/** A real HTTP server on 127.0.0.1 that answers as it is told to. */
export const startScriptedServer = async (): Promise<ScriptedServer> => {
  let answers: Answer[] = [];
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const { method = '', url: path = '', headers } = request;
    // A client may break off while it sends.
    const body = await text(request).catch(() => '');
    const one = { method, path, headers, body };
    seen.push(one);
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    give(answer ?? { status: 500 }, one, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    script: (...next) => {
      answers = next;
      seen.length = 0;
    },
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};
