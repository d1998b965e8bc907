import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Connections } from '../../../lib/http/exchange.ts';
import { get } from '../../../lib/http/exchange.ts';
import { TooSlow } from '../../../lib/http/framing/faults.ts';
import { put } from '../../../lib/http/put.ts';
import { readAll } from '../byte-readers.ts';
import { answering, repeating, serve } from './byte-server.ts';

// Limits that no byte of the other side begins anew.

const live = new AbortController().signal;
/** Some tenths of a second instead of half a minute and more; the silence is longer, so that it is not what ends the wait. */
const short = { stallMs: 2000, windowMs: 300, answerMs: 300, minimumRate: 64 * 1024 };
const shortHead = { ...short, headMs: 300 };

const ask = (url: string, connections: Connections = short) =>
  get({ url, headers: {}, connections, signal: live });

const read = async (url: string, connections: Connections = short): Promise<Buffer> =>
  readAll((await ask(url, connections)).body, 1024 * 1024);

describe('the head of an answer', () => {
  test.each([
    ['comes byte by byte', repeating('HTTP/1.1 200 OK\r\nx: ', 'x', 20)],
    ['does not come', (socket: Socket) => void socket.resume()],
    ['never follows its interim answers', repeating('', 'HTTP/1.1 102 Processing\r\n\r\n', 50)],
  ])('that %s ends in time', async (_how, act) => {
    const { url, connections } = await serve(act);
    await expect(ask(url, shortHead)).rejects.toThrow('no whole answer came in 0.3 s');
    await expect.poll(() => connections.size).toBe(0);
  });

  const interim = (count: number) => 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(count);

  test('follows 16 interim answers, and not 17', async () => {
    const final = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
    const some = await serve(answering(`${interim(16)}${final}`));
    expect((await read(some.url)).toString()).toBe('ok');
    const many = await serve(answering(`${interim(17)}${final}`));
    await expect(ask(many.url)).rejects.toThrow('more than 16 interim answers came');
  });
});

describe('a source', () => {
  const framings = [
    ['of known length', 'HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n', 'x'.repeat(50)],
    ['of unknown length', 'HTTP/1.1 200 OK\r\n\r\n', 'x'.repeat(50)],
    [
      'in chunks',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
      '32\r\n'.padEnd(54, 'x').concat('\r\n'),
    ],
  ] as const;

  test.each(framings)('%s that drips is too slow', async (_what, begin, piece) => {
    const { url, connections } = await serve(repeating(begin, piece, 20));
    const error: unknown = await read(url).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TooSlow);
    expect((error as Error).message).toMatch(
      /^it sent [\d.]+ KiB\/s over 0 s of waiting, less than 64 KiB\/s$/,
    );
    await expect.poll(() => connections.size).toBe(0);
  });

  test.each(framings)('%s that drips may do so where no rate is asked for', async (_what, begin, piece) => {
    const { url } = await serve(repeating(begin, piece, 20));
    const { body } = await ask(url, { ...short, minimumRate: 0 });
    expect(await body.fill(Buffer.alloc(2000))).toBe(2000);
    body.close();
  });

  test('that sends as much as is asked for is never too slow', async () => {
    const { url } = await serve(
      repeating('HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n', 'x'.repeat(8000), 20),
    );
    expect(await read(url)).toHaveLength(400_000);
  });

  test('may be left alone by its reader, for longer than it may take itself', async () => {
    const bytes = randomBytes(3000);
    const { url } = await serve(answering('HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n', bytes));
    const { body } = await ask(url);
    const read: Buffer[] = [];
    for (let part = 0; part < 3; part += 1) {
      const target = Buffer.alloc(1000);
      await body.fill(target);
      read.push(target);
      await delay(400);
    }
    expect(Buffer.concat(read).equals(bytes)).toBe(true);
  });

  test('that refuses drop by drop is heard as far as it came', async () => {
    const { url } = await serve(repeating('HTTP/1.1 403 Forbidden\r\n\r\n{"message": ', 'x', 50));
    expect(await (await ask(url)).body.text()).toMatch(/^\{"message": x+$/);
  });
});

describe('a chunked body', () => {
  const begin = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
  const notChunked = 'the body is not what Transfer-Encoding: chunked says';

  test('may have 64 KiB of trailers, and no more', async () => {
    const trailers = (count: number) => `5\r\nhello\r\n0\r\n${'name: 0123456\r\n'.repeat(count)}\r\n`;
    const some = await serve(answering(begin, trailers(4000)));
    expect((await read(some.url)).toString()).toBe('hello');
    const many = await serve(answering(begin, trailers(4400)));
    await expect(read(many.url)).rejects.toThrow(notChunked);
  });

  test('may not be all extensions', async () => {
    const long = `1;${'x'.repeat(1000)}\r\nx\r\n`;
    const some = await serve(answering(begin, long.repeat(10), '0\r\n\r\n'));
    expect((await read(some.url)).toString()).toBe('x'.repeat(10));
    const many = await serve(answering(begin, long.repeat(20), '0\r\n\r\n'));
    await expect(read(many.url)).rejects.toThrow(notChunked);
  });

  test.each([
    ['a size that is none', 'f\r\nhello', 'rubbish\r\n0\r\n\r\n'],
    ['more than a chunk', '5\r\nhello', ' world\r\n0\r\n\r\n'],
    ['a size, at last', '5\r\nhello\r\n', 'rubbish\r\n0\r\n\r\n'],
    ['an answer of its own', '5\r\nhello\r\n', 'HTTP/1.1 200 OK\r\n\r\n0\r\n\r\n'],
  ])('that goes on with %s never becomes a shorter one', async (_what, first, then) => {
    // In one piece, and in two.
    for (const pauseMs of [0, 50]) {
      const { url } = await serve((socket) => {
        socket.once('data', async () => {
          socket.write(`${begin}${first}`);
          if (pauseMs > 0) await delay(pauseMs);
          socket.end(then);
        });
      });
      const { body } = await ask(url);
      await expect(readAll(body, 1000)).rejects.toThrow();
      await expect(body.fill(Buffer.alloc(10))).rejects.toThrow();
    }
  });
});

describe('a PUT', () => {
  const send = (url: string, body: AsyncIterable<Buffer>, length: number, connections: Connections = short) =>
    put({ url, headers: { 'content-length': `${length}` }, connections, signal: live }, body);
  const pieces = async function* (count: number, size: number, pauseMs = 0) {
    for (let sent = 0; sent < count; sent += 1) {
      yield Buffer.alloc(size);
      if (pauseMs > 0) await delay(pauseMs);
    }
  };
  const created = 'HTTP/1.1 204 No Content\r\n\r\n';
  const MiB = 1024 * 1024;

  test('into a Glance that stops reading ends', async () => {
    const { url } = await serve((socket) => void socket.once('data', () => socket.pause()));
    await expect(send(url, pieces(64, MiB), 64 * MiB)).rejects.toThrow(
      /^it took [\d.]+ KiB\/s over 0 s of waiting, less than 64 KiB\/s$/,
    );
  });

  test('may take its time for its own pieces', async () => {
    const { url } = await serve((socket) => {
      let length = 0;
      socket.on('data', (bytes) => {
        length += bytes.length;
        if (length > 300) socket.end(created);
      });
    });
    expect((await send(url, pieces(3, 100, 400), 300)).statusCode).toBe(204);
  });

  test('that is never answered ends, and says what was sent', async () => {
    const { url } = await serve((socket) => void socket.resume());
    await expect(send(url, pieces(2, 1000), 2000)).rejects.toThrow(
      'no answer came in 0.3 s after all 2000 bytes were sent',
    );
  });

  test('whose answer comes byte by byte ends in time', async () => {
    const { url } = await serve(repeating('', 'x', 20));
    await expect(send(url, pieces(1, 10), 10, { ...shortHead, answerMs: 5000 })).rejects.toThrow(
      'no whole answer came in 0.3 s',
    );
  });
});
