import { once } from 'node:events';
import type { Server } from 'node:http';

/**
 * Listens on 127.0.0.1 and returns the endpoint, e.g. http://127.0.0.1:4566.
 * @param port 0 takes a free one
 * @throws Error that names the service if the port is in use
 */
export async function listen(server: Server, port: number, service: string): Promise<string> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening').catch((cause) => {
    throw new Error(`${service} cannot listen on 127.0.0.1:${port}: ${cause.message}`, { cause });
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error(`${service} has no TCP address`);
  return `http://127.0.0.1:${address.port}`;
}
