import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer, type Server } from 'node:http';
import type { AddressInfo, LookupFunction, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { get } from '../../../lib/http/exchange.ts';
import { put } from '../../../lib/http/put.ts';
import { trustAlso } from '../../../lib/http/trust.ts';
import { readAll } from '../byte-readers.ts';
import { answering, pemFile, serve } from './byte-server.ts';

const live = new AbortController().signal;
const open: Server[] = [];

afterEach(async () => {
  for (const server of open.splice(0)) await new Promise((closed) => server.close(closed));
});

const ask = (url: string, more: Partial<Parameters<typeof get>[0]> = {}) =>
  get({ url, headers: {}, connections: { stallMs: 500 }, signal: live, ...more });

describe('a GET', () => {
  test('sends its headers, and reads status, headers and body', async () => {
    let request = '';
    const { url } = await serve((socket) => {
      socket.once('data', (bytes) => {
        request = bytes.toString();
        socket.end('HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\nX-Is: there\r\n\r\nhello');
      });
    });
    const answer = await ask(url, { headers: { range: 'bytes=0-4' } });
    expect(answer).toMatchObject({ statusCode: 206, headers: { 'x-is': 'there' } });
    expect((await readAll(answer.body)).toString()).toBe('hello');
    const { host } = new URL(url);
    expect(request).toBe(
      `GET /image?a=b HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\nrange: bytes=0-4\r\n\r\n`,
    );
  });

  test.each([
    ['byte by byte', 1],
    ['in pieces', 7],
  ])('understands an answer that comes %s', async (_how, size) => {
    const text = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n01234567890123456789');
    const { url } = await serve((socket) => {
      socket.setNoDelay();
      socket.once('data', async () => {
        for (let at = 0; at < text.length; at += size) {
          socket.write(text.subarray(at, at + size));
          await delay(1);
        }
      });
    });
    const { body } = await ask(url);
    expect((await readAll(body, 6)).toString()).toBe('01234567890123456789');
  });

  test('passes over interim answers', async () => {
    const early = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n';
    const { url } = await serve(answering(`${early}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`));
    const answer = await ask(url);
    expect([answer.statusCode, (await readAll(answer.body)).toString()]).toEqual([200, 'ok']);
  });

  test.each([
    ['chunked', 'Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n'],
    ['that ends with its connection', '\r\nhello'],
  ])('reads a body %s', async (_how, rest) => {
    const { url } = await serve(answering(`HTTP/1.1 200 OK\r\n${rest}`));
    expect((await readAll((await ask(url)).body, 2)).toString()).toBe('hello');
  });

  test('reads no further than the body', async () => {
    const { url } = await serve(answering('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello world'));
    expect((await readAll((await ask(url)).body)).toString()).toBe('hello');
  });

  test.each([
    ['http', false],
    ['https', true],
  ])('reads large bodies over %s whole, whatever pauses its reader makes', async (_scheme, isSecure) => {
    const bytes = randomBytes(5_000_000);
    const { url } = await serve(
      answering(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes.length}\r\n\r\n`, bytes),
      {
        isSecure,
      },
    );
    trustAlso(fileURLToPath(pemFile('certificate')));
    const connections = { stallMs: 2000 };
    for (const size of [100_000, 1_000_003]) {
      const { body } = await ask(url, { connections });
      const blocks: Buffer[] = [];
      for (let length = size; length === size; ) {
        const block = Buffer.from(new SharedArrayBuffer(size));
        length = await body.fill(block);
        blocks.push(block.subarray(0, length));
        await delay(size % 7);
      }
      expect(Buffer.concat(blocks).equals(bytes)).toBe(true);
    }
  });

  test('agrees with a server of Node’s, with a host by name', async () => {
    const bytes = randomBytes(300_000);
    const server = createHttpServer((request, response) => {
      response.setHeader('x-host', request.headers.host ?? '');
      response.write(bytes.subarray(0, 1000));
      response.end(bytes.subarray(1000));
    });
    open.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const answer = await ask(`http://localhost:${port}/`);
    expect(answer.headers['x-host']).toBe(`localhost:${port}`);
    expect((await readAll(answer.body)).equals(bytes)).toBe(true);
  });

  test('resolves names as it is told to', async () => {
    const { url } = await serve(answering('HTTP/1.1 204 No Content\r\n\r\n'));
    const lookup: LookupFunction = (_host, _options, done) =>
      done(null, [{ address: '127.0.0.1', family: 4 }]);
    const named = url.replace('127.0.0.1', 'image.example.org');
    expect((await ask(named, { connections: { stallMs: 500, lookup } })).statusCode).toBe(204);
    const refusing: LookupFunction = (_host, _options, done) => done(new Error('not allowed'), '');
    await expect(ask(named, { connections: { stallMs: 500, lookup: refusing } })).rejects.toThrow(
      'not allowed',
    );
  });
});

describe('a body that breaks off', () => {
  const begin = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n';

  test.each([
    ['is closed early', (socket: Socket) => void socket.end(`${begin}01234`), '5 bytes before the end'],
    [
      'is chunked and closed early',
      (socket: Socket) => void socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n01234'),
      'before the end of the body',
    ],
    ['says nothing more', (socket: Socket) => void socket.write(`${begin}01234`), 'no byte came in 0.5 s'],
    [
      'is reset',
      (socket: Socket) => {
        socket.write(`${begin}01234`);
        setTimeout(() => socket.resetAndDestroy(), 50);
      },
      'ECONNRESET',
    ],
  ])('because its connection %s: what came counts, then it throws', async (_how, act, message) => {
    const { url } = await serve((socket) => void socket.once('data', () => act(socket)));
    const { body } = await ask(url);
    const target = Buffer.alloc(10);
    expect(await body.fill(target)).toBe(5);
    expect(target.toString('latin1', 0, 5)).toBe('01234');
    await expect(body.fill(target)).rejects.toThrow(message);
    await expect(body.fill(target)).rejects.toThrow();
  });
});

describe('an exchange', () => {
  test.each([
    ['is none', 'SSH-2.0-OpenSSH_9.2\r\n\r\n', 'not HTTP/1.1'],
    ['has an endless head', `HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(20_000)}`, 'too long'],
    ['ends in its head', 'HTTP/1.1 200 OK\r\nContent-', 'ended before an answer came'],
    [
      'is framed in two ways',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
      'both',
    ],
  ])('whose answer %s throws, and leaves no connection', async (_what, text, message) => {
    const { url, connections } = await serve(answering(text));
    await expect(ask(url)).rejects.toThrow(message);
    await expect.poll(() => connections.size).toBe(0);
  });

  test.each([false, true])('that is never accepted ends after a while (https: %s)', async (isSecure) => {
    // TCP is there, but nobody says anything: for https that is no connection yet.
    const { url } = await serve((socket) => void socket.resume());
    const asked = ask(isSecure ? url.replace('http:', 'https:') : url, { connections: { stallMs: 100 } });
    await expect(asked).rejects.toThrow(isSecure ? 'no connection in 0.1 s' : 'no byte came in 0.1 s');
  });

  test('with nobody there throws', async () => {
    await expect(ask('http://127.0.0.1:1/')).rejects.toThrow('ECONNREFUSED');
    await expect(ask('ftp://127.0.0.1/')).rejects.toThrow('ftp: is not HTTP');
  });

  test('keeps the reason of an abort: before it, while it waits, and while it reads', async () => {
    const reason = new Error('the time ended');
    const { url, connections } = await serve((socket) => {
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n'));
    });
    await expect(ask(url, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const silent = await serve((socket) => socket.resume());
    const waiting = new AbortController();
    setTimeout(() => waiting.abort(reason), 30);
    await expect(ask(silent.url, { signal: waiting.signal })).rejects.toBe(reason);
    const reading = new AbortController();
    const { body } = await ask(url, { signal: reading.signal });
    setTimeout(() => reading.abort(reason), 30);
    await expect(body.fill(Buffer.alloc(10))).rejects.toBe(reason);
    await expect.poll(() => connections.size + silent.connections.size).toBe(0);
  });

  test('sends no header that begins another', async () => {
    const headers = { 'x-auth-token': 'a\r\nx-other: b' };
    await expect(ask('http://127.0.0.1:1/', { headers })).rejects.toThrow();
  });

  test('that nobody wants any more is closed', async () => {
    const long = 'x'.repeat(1000);
    const { url, connections } = await serve((socket) => {
      socket.once('data', () =>
        socket.write(`HTTP/1.1 403 Forbidden\r\nContent-Length: 9000\r\n\r\n${long}`),
      );
    });
    await (await ask(url)).body.dump();
    await expect.poll(() => connections.size).toBe(0);
  });

  test('gives the beginning of a refusal as text', async () => {
    const { url } = await serve(
      answering(`HTTP/1.1 403 Forbidden\r\nContent-Length: 300000\r\n\r\n${'x'.repeat(300_000)}`),
    );
    expect(await (await ask(url)).body.text()).toBe('x'.repeat(128 * 1024));
  });
});

describe('a PUT', () => {
  const send = (url: string, body: AsyncIterable<Buffer>, length = 10, signal = live) =>
    put({ url, headers: { 'content-length': `${length}` }, connections: { stallMs: 200 }, signal }, body);

  /** Collects everything, and answers when it has so many bytes of body. */
  const collecting =
    (received: Buffer[], answerAfter: number, answer: string, waitMs = 0) =>
    (socket: Socket) => {
      let [head, length] = ['', 0];
      socket.on('data', async (bytes) => {
        const inHead = head.includes('\r\n\r\n') ? 0 : bytes.indexOf('\r\n\r\n') + 4;
        head += bytes.toString('latin1', 0, inHead);
        received.push(bytes.subarray(inHead));
        length += bytes.length - inHead;
        if (length < answerAfter) return;
        await delay(waitMs);
        socket.end(answer);
      });
    };
  const created = 'HTTP/1.1 204 No Content\r\n\r\n';

  test('sends its body piece by piece, each from a buffer that is used again', async () => {
    const received: Buffer[] = [];
    const size = 20 * 1024 * 1024;
    const { url } = await serve(collecting(received, size, created));
    const buffer = Buffer.alloc(1024 * 1024);
    const pieces = async function* () {
      for (let number = 0; number < 20; number += 1) yield buffer.fill(number);
    };
    expect((await send(url, pieces(), size)).statusCode).toBe(204);
    const whole = Buffer.concat(received);
    expect(whole.length).toBe(size);
    expect(
      [...Array(20).keys()].every(
        (n) => whole[n * buffer.length] === n && whole[(n + 1) * buffer.length - 1] === n,
      ),
    ).toBe(true);
  });

  test('waits for its answer as long as it takes', async () => {
    const { url } = await serve(collecting([], 10, created, 600));
    const pieces = async function* () {
      yield Buffer.alloc(10);
    };
    expect((await send(url, pieces())).statusCode).toBe(204);
  });

  test('takes a refusal that comes while it sends for the answer', async () => {
    const refusal = 'HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno';
    const { url } = await serve(collecting([], 1, refusal));
    let asked = 0;
    const pieces = async function* () {
      for (; asked < 1000; asked += 1) {
        yield Buffer.alloc(64 * 1024);
        await delay(1);
      }
    };
    const answer = await send(url, pieces(), 64_000_000);
    expect([answer.statusCode, await answer.body.text()]).toEqual([413, 'no']);
    expect(asked).toBeLessThan(1000);
  });

  test('takes no success for the answer that is told before its body has been sent', async () => {
    const { url } = await serve(collecting([], 1, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'));
    const pieces = async function* () {
      for (;;) {
        yield Buffer.alloc(64 * 1024);
        await delay(1);
      }
    };
    await expect(send(url, pieces(), 64_000_000)).rejects.toThrow(
      /^it answered 200 after \d+ of 64000000 bytes$/,
    );
  });

  test('takes a refusal for the answer also of who reads no further', async () => {
    const { url, connections } = await serve((socket) => {
      socket.once('data', () => {
        socket.pause();
        socket.write('HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n');
      });
    });
    const size = 64 * 1024 * 1024; // more than sockets hold
    const body = async function* () {
      yield Buffer.alloc(size);
    };
    const headers = { 'content-length': `${size}` };
    const answer = await put({ url, headers, connections: { stallMs: 500 }, signal: live }, body());
    expect(answer.statusCode).toBe(413);
    for (const socket of connections) socket.destroy();
  });

  test('tells its body when nobody wants it any more', async () => {
    const { url } = await serve(collecting([], 1, 'HTTP/1.1 413 Too Large\r\n\r\n'));
    let isToldSo = false;
    const pieces = async function* () {
      try {
        for (;;) {
          yield Buffer.alloc(64 * 1024);
          await delay(1);
        }
      } finally {
        isToldSo = true;
      }
    };
    expect((await send(url, pieces(), 64_000_000)).statusCode).toBe(413);
    await expect.poll(() => isToldSo).toBe(true);
  });

  test('whose body fails is broken off before its end, with the body’s error', async () => {
    const received: Buffer[] = [];
    const { url, connections } = await serve(collecting(received, 10, created));
    const pieces = async function* () {
      yield Buffer.alloc(9);
      await delay(20);
      throw new Error('the digest is wrong');
    };
    await expect(send(url, pieces())).rejects.toThrow('the digest is wrong');
    await expect.poll(() => connections.size).toBe(0);
    expect(Buffer.concat(received)).toHaveLength(9);
  });

  test('keeps the reason of an abort', async () => {
    const reason = new Error('the time ended');
    const controller = new AbortController();
    const { url } = await serve((socket) => socket.resume());
    const pieces = async function* () {
      yield Buffer.alloc(10);
    };
    setTimeout(() => controller.abort(reason), 50);
    await expect(send(url, pieces(), 10, controller.signal)).rejects.toBe(reason);
  });
});
