import { expect, test } from 'vitest';
import { connectionOver } from '../../../../lib/http/connections/connection.ts';
import { openDirectSocket } from '../../../../lib/http/connections/direct-socket.ts';
import { serve } from '../byte-server.ts';

const signal = new AbortController().signal;

test('a connection that was left does nothing more to its socket, whose next exchange has only its own bytes', async () => {
  const server = await serve((socket) => void socket.on('data', (bytes) => socket.write(bytes)));
  const socket = openDirectSocket({ host: '127.0.0.1', port: server.port, isSecure: false, connectMs: 1000 });
  const target = Buffer.alloc(5);
  const first = connectionOver(socket, { stallMs: 1000, signal });
  await first.write(Buffer.from('first'));
  expect(await first.read(target, 5)).toBe(5);
  expect(first.leave()).toBe(socket);

  const next = connectionOver(socket, { stallMs: 1000, signal });
  expect(first.leave()).toBeUndefined();
  first.fail(new Error('the first one is over'));
  first.close();
  await expect(first.write(Buffer.from('again'))).rejects.toThrow('the exchange is over');
  const reading = next.read(target, 5);
  expect(await first.read(Buffer.alloc(5), 5)).toBe(0);
  await next.write(Buffer.from('other'));
  expect([await reading, target.toString(), next.received()]).toEqual([5, 'other', 5]);
  next.close();
});
