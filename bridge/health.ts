import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the bridge knows of itself. */
export interface Health {
  /** Messages come as soon as there are some. */
  isListening: boolean;
  /** Why not, as the broker or the connection says it. */
  reason: string;
}

/**
 * `GET /livez`: 200 as long as the process answers, since no restart brings a broker back. `GET /readyz`: 503 with the
 * reason while it does not listen to its queue.
 * @returns its URL, and what ends it
 */
export const startHealth = async (health: Health, host: string, port: number) => {
  const server = createServer(({ url }, response) => {
    const isReady = url === '/livez' || (url === '/readyz' && health.isListening);
    const status = isReady ? 200 : url === '/readyz' ? 503 : 404;
    const body =
      status === 503 ? { listening: false, reason: health.reason } : { listening: health.isListening };
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  server.listen(port, host);
  await once(server, 'listening');
  server.unref();
  const { port: bound } = server.address() as AddressInfo;
  return { url: `http://${host}:${bound}`, stop: () => server.close() };
};
