import { once } from 'node:events';
import { request as ask, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Transform } from 'node:stream';

export interface HoldingProxy {
  readonly url: string;
  /** Resolves as soon as an upload into a Glance is held. */
  readonly held: Promise<void>;
  /** Lets the upload go on, and all that come. */
  release(): void;
  stop(): Promise<void>;
}

/**
 * A forward proxy for http on 127.0.0.1 that lets everything through, but of an upload into a Glance no more than some
 * bytes until it is told to.
 * @param most bytes of an upload that go through before it is held; with 0 not even its head does
 */
export const startHoldingProxy = async (most: number): Promise<HoldingProxy> => {
  const held = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const hold = (): Promise<void> => {
    held.resolve();
    return released.promise;
  };

  const holding = (): Transform => {
    let passed = 0;
    return new Transform({
      transform: (piece: Buffer, _encoding, done) => {
        passed += piece.length;
        if (passed <= most) return done(null, piece);
        void hold().then(() => done(null, piece));
      },
    });
  };

  const server = createServer(async (request, response) => {
    const { method = '', url = '', headers } = request;
    const isUpload = method === 'PUT' && url.endsWith('/file');
    if (isUpload && most === 0) await hold();
    const onward = ask(url, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    if (isUpload) request.pipe(holding()).pipe(onward);
    else request.pipe(onward);
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
