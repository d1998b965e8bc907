import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

// Distance between clients and the server at PORT: what is sent arrives 10 ms later, either way, and a new connection has
// spent 20 ms on its handshake. A model: the TCP windows of a real distance are not in it.

const oneWayMs = 10;
const mostOnTheWay = 20 * 1024 ** 2; // bytes

const drained = (socket: net.Socket): Promise<void> =>
  new Promise((resolve) => {
    const goOn = (): void => {
      socket.off('drain', goOn).off('close', goOn);
      resolve();
    };
    socket.on('drain', goOn).on('close', goOn);
  });

/** @param readyMs when the connection is there */
const carry = (from: net.Socket, to: net.Socket, readyMs: number): void => {
  let onTheWay = 0;
  let last = Promise.resolve();

  const arrive = async (bytes: Buffer, dueMs: number): Promise<void> => {
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await delay(waitMs);
    if (!to.write(bytes) && !to.destroyed) await drained(to);
    onTheWay -= bytes.length;
    if (onTheWay < mostOnTheWay) from.resume();
  };
  from.on('data', (bytes: Buffer) => {
    onTheWay += bytes.length;
    if (onTheWay >= mostOnTheWay) from.pause();
    const dueMs = Math.max(performance.now(), readyMs) + oneWayMs;
    last = last.then(() => arrive(bytes, dueMs));
  });
  from.on('close', () => void last.then(() => to.end()));
};

const [, , port] = process.argv;
const server = net.createServer((client) => {
  const onward = net.connect(Number(port), '127.0.0.1');
  const readyMs = performance.now() + 2 * oneWayMs;
  for (const socket of [client, onward]) socket.setNoDelay().on('error', () => socket.destroy());
  carry(client, onward, readyMs);
  carry(onward, client, readyMs);
});
await once(server.listen(0, '127.0.0.1'), 'listening');
const address = server.address();
process.send?.(typeof address === 'object' ? address?.port : undefined);
process.on('disconnect', () => process.exit(0));
