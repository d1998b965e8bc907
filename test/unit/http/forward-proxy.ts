import { once } from 'node:events';
import { request as ask, createServer } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

export interface Proxied {
  /** `CONNECT host:port`, or `GET http://…`. */
  readonly asked: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

export interface TestProxy {
  readonly url: string;
  readonly seen: Proxied[];
  stop(): Promise<void>;
}

/** A forward proxy on 127.0.0.1. @param refuse the status it answers to everything, where it should */
export const startForwardProxy = async (refuse?: number): Promise<TestProxy> => {
  const seen: Proxied[] = [];
  /** Connections that the server knows nothing of any more. */
  const tunnels = new Set<Duplex>();
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    seen.push({ asked: `${method} ${url}`, headers });
    if (refuse) return void response.writeHead(refuse).end();
    const { 'proxy-authorization': _secret, ...passed } = headers;
    const onward = ask(url, { method, headers: passed }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.writeHead(502).end());
    request.pipe(onward);
  });
  server.on('connect', ({ url = '', headers }, socket) => {
    seen.push({ asked: `CONNECT ${url}`, headers });
    if (refuse) return void socket.end(`HTTP/1.1 ${refuse} No\r\n\r\n`);
    tunnels.add(socket);
    const { hostname, port } = new URL(`http://${url}`);
    const onward = net.connect(Number(port), hostname.replace(/^\[|\]$/g, ''), () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    onward.on('error', () => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
    socket
      .on('error', () => onward.destroy())
      .on('close', () => {
        tunnels.delete(socket);
        onward.destroy();
      });
    onward.on('close', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      for (const socket of tunnels) socket.destroy();
      await closed;
    },
  };
};
