import { once } from 'node:events';
import { createServer } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { Transform } from 'node:stream';

export interface HoldingProxy {
  readonly url: string;
  /** Resolves as soon as an upload into a Glance is held. */
  readonly held: Promise<void>;
  /** Lets the upload go on, and all that come. */
  release(): void;
  stop(): Promise<void>;
}

const isUpload = (piece: Buffer): boolean =>
  /^PUT \/\S*\/file /.test(piece.subarray(0, 200).toString('latin1'));

/**
 * A forward proxy on 127.0.0.1 that lets everything through its tunnels, but of an upload into a Glance no more than some
 * bytes until it is told to.
 * @param most bytes of an upload, its head among them, that go through before it is held
 */
export const startHoldingProxy = async (most: number): Promise<HoldingProxy> => {
  const held = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();

  const holding = (): Transform => {
    let passed: number | undefined;
    return new Transform({
      transform: (piece: Buffer, _encoding, done) => {
        if (isUpload(piece)) passed = 0;
        if (passed === undefined) return done(null, piece);
        passed += piece.length;
        if (passed <= most) return done(null, piece);
        held.resolve();
        void released.promise.then(() => done(null, piece));
      },
    });
  };

  const server = createServer();
  server.on('connect', ({ url = '' }, socket) => {
    const { hostname, port } = new URL(`http://${url}`);
    const onward = net.connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(holding()).pipe(onward).pipe(socket);
    });
    onward.on('error', () => socket.destroy()).on('close', () => socket.destroy());
    socket.on('error', () => onward.destroy()).on('close', () => onward.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    held: held.promise,
    release: released.resolve,
    stop: async () => {
      released.resolve();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};
