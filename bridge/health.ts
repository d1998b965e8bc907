import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the bridge knows of itself. */
export interface Health {
  /** Messages come as soon as the queue has some. */
  isListening: boolean;
  /** The queue has some as soon as Glance sends them. */
  isBound: boolean;
  /** Why not, as the broker or the connection says it. */
  reason: string;
}

const answerOf = (url: string | undefined, { isListening, isBound, reason }: Health) => {
  const isReady = isListening && isBound;
  if (url === '/livez') return { status: 200, ready: isReady };
  if (url !== '/readyz') return { status: 404 };
  return isReady ? { status: 200, ready: true } : { status: 503, ready: false, reason };
};

/**
 * `GET /livez`: 200 as long as the process answers, since no restart brings a broker back. `GET /readyz`: 503 with the
 * reason while it does not listen to its queue, or nothing would come into that.
 * @returns its URL, and what ends it
 */
export const startHealth = async (health: Health, host: string, port: number) => {
  const server = createServer(({ url }, response) => {
    const { status, ...body } = answerOf(url, health);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  server.listen(port, host);
  await once(server, 'listening');
  server.unref();
  const { port: bound } = server.address() as AddressInfo;
  return { url: `http://${host}:${bound}`, stop: () => server.close() };
};
