import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

export type Listener = (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>;

export interface RunningServer {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** From now on every request breaks with its connection, until it is back. */
  setAway(isAway: boolean): void;
  /** Closes the listening socket and every connection at once. */
  stop(): Promise<void>;
}

const keepAliveMs = 65_000;

/**
 * Serves HTTP on 127.0.0.1.
 * @param port 0 takes a free one
 * @throws Error naming the port when it is in use
 */
export async function serve(listener: Listener, port: number): Promise<RunningServer> {
  // requestTimeout 0: an upload of any length may take any time, as with Glance.
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: keepAliveMs });
  let away = false;
  const onRequest = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    if (away) return void incoming.socket.resetAndDestroy();
    listener(incoming, outgoing).catch(() => incoming.socket.destroy());
  };
  server.on('request', onRequest);
  server.on('checkContinue', onRequest);
  const bound = await bind(server, port);
  return {
    url: `http://127.0.0.1:${bound}`,
    setAway: (isAway) => {
      away = isAway;
    },
    stop: () => close(server),
  };
}

function bind(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => reject(new Error(`cannot listen on 127.0.0.1:${port}`, { cause })));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
