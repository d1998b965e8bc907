import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import tls from 'node:tls';
import { afterEach } from 'vitest';

export const pemFile = (name: string): URL => new URL(`fixtures/${name}.pem`, import.meta.url);
export const pem = (name: string): Buffer => readFileSync(pemFile(name));

export interface ByteServer {
  /** With a path, on 127.0.0.1. */
  readonly url: string;
  readonly port: number;
  readonly connections: ReadonlySet<net.Socket>;
}

export interface ByteServerOptions {
  readonly isSecure?: boolean;
  /** Which certificate it shows; all have the same key. */
  readonly certificate?: string;
}

const open: { readonly server: net.Server; readonly connections: Set<net.Socket> }[] = [];

afterEach(async () => {
  for (const { server, connections } of open.splice(0)) {
    const closed = new Promise((done) => server.close(done));
    for (const socket of connections) socket.destroy();
    await closed;
  }
});

/** A server of bytes, until the end of the test: what it does with a connection is the test's business. */
export const serve = async (
  act: (socket: net.Socket) => void,
  { isSecure = false, certificate = 'certificate' }: ByteServerOptions = {},
): Promise<ByteServer> => {
  const connections = new Set<net.Socket>();
  const accept = (socket: net.Socket) => {
    connections.add(socket);
    socket.on('error', () => undefined).on('close', () => connections.delete(socket));
    act(socket);
  };
  const server = isSecure
    ? tls.createServer({ cert: pem(certificate), key: pem('key') }, accept)
    : net.createServer(accept);
  open.push({ server: server.listen(0, '127.0.0.1'), connections });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http${isSecure ? 's' : ''}://127.0.0.1:${port}/image?a=b`, port, connections };
};

/** Writes when the request has come. */
export const answering =
  (...pieces: readonly (string | Buffer)[]) =>
  (socket: net.Socket): void => {
    socket.once('data', () => {
      for (const piece of pieces) socket.write(piece);
      socket.end();
    });
  };

/** Writes the same again and again, when the request has come, as long as somebody is there. */
export const repeating =
  (begin: string, piece: string | Buffer, everyMs: number) =>
  (socket: net.Socket): void => {
    socket.setNoDelay();
    socket.once('data', () => {
      socket.write(begin);
      const timer = setInterval(() => socket.write(piece), everyMs);
      socket.on('close', () => clearInterval(timer));
    });
  };
