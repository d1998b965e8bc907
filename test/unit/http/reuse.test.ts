import { randomBytes } from 'node:crypto';
import type { LookupFunction } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { proxiesOf } from '../../../lib/http/connections/proxy.ts';
import { type Connections, get } from '../../../lib/http/exchange.ts';
import { TooSlow } from '../../../lib/http/framing/faults.ts';
import { put } from '../../../lib/http/put.ts';
import { trustAlso } from '../../../lib/http/trust.ts';
import { readAll } from '../byte-readers.ts';
import { pemFile } from './byte-server.ts';
import { type Asked, ok, serveExchanges } from './exchange-server.ts';
import { startForwardProxy } from './forward-proxy.ts';

// Connections that serve one exchange after the other.

const live = new AbortController().signal;
const limits: Connections = { stallMs: 2000 };

const ask = (url: string, connections: Connections = limits, signal = live) =>
  get({ url, headers: {}, connections, signal });
const read = async (url: string, connections: Connections = limits): Promise<string> =>
  (await readAll((await ask(url, connections)).body, 1024 * 1024)).toString('latin1');

const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

beforeAll(() => trustAlso(fileURLToPath(pemFile('certificate'))));

describe('a connection whose answer was read to its end serves the next exchange', () => {
  test.each([
    ['of known length', () => ok('hello')],
    ['without a byte', () => ok('')],
    ['in chunks', () => `${chunked}5\r\nhello\r\n0\r\n\r\n`],
    ['in chunks, with trailers', () => `${chunked}5\r\nhello\r\n0\r\nDigest: a\r\n\r\n`],
    ['204', () => 'HTTP/1.1 204 No Content\r\n\r\n'],
    [
      '304, with the length of what is not sent',
      () => 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n',
    ],
    ['a refusal', () => ok('no').toString().replace('200 OK', '404 Not Found')],
    ['behind an interim one', () => `HTTP/1.1 103 Early Hints\r\n\r\n${ok('hello')}`],
    [
      'that says how long it may be idle',
      () => ok('hello', 'Connection: keep-alive', 'Keep-Alive: timeout=5'),
    ],
  ])('%s', async (_what, answer) => {
    for (const isSecure of [false, true]) {
      const server = await serveExchanges(answer, { isSecure });
      const first = await read(server.url);
      expect([await read(server.url), await read(server.url)]).toEqual([first, first]);
      expect([server.opened(), server.asked.length]).toEqual([1, 3]);
    }
  });

  test('whose last chunk came together with its last byte, and was never asked for', async () => {
    const server = await serveExchanges(() => `${chunked}5\r\nhello\r\n0\r\n\r\n`);
    for (let count = 0; count < 3; count += 1) {
      const { body } = await ask(server.url);
      expect(await body.fill(Buffer.alloc(5))).toBe(5);
      body.close();
    }
    expect(server.opened()).toBe(1);
  });

  test('whose refusal was read as text', async () => {
    const server = await serveExchanges(() => ok('no').toString().replace('200 OK', '403 Forbidden'));
    for (let count = 0; count < 3; count += 1) expect(await (await ask(server.url)).body.text()).toBe('no');
    expect(server.opened()).toBe(1);
  });

  test('as many of them as are at work at once', async () => {
    const server = await serveExchanges(() => ok('x'.repeat(100_000)));
    for (let round = 0; round < 3; round += 1) await Promise.all([1, 2, 3, 4].map(() => read(server.url)));
    expect([server.opened(), server.asked.length]).toEqual([4, 12]);
  });

  test.each([false, true])(
    'whatever is asked for, and in whatever pieces it is read (https: %s)',
    async (isSecure) => {
      const bytes = randomBytes(300_000);
      const pieces = (content: Buffer, size: number): Buffer => {
        const coded: Buffer[] = [];
        for (let at = 0; at < content.length; at += size) {
          const piece = content.subarray(at, at + size);
          coded.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
        }
        return Buffer.concat([Buffer.from(chunked), ...coded, Buffer.from('0\r\nA: b\r\n\r\n')]);
      };
      let next: Buffer = Buffer.alloc(0);
      const server = await serveExchanges(() => next, { isSecure });
      const exchange = fc.record({
        from: fc.nat(1000),
        length: fc.oneof(fc.nat(10), fc.nat(280_000)),
        chunk: fc.option(fc.integer({ min: 1, max: 70_000 })),
        target: fc.integer({ min: 1000, max: 400_000 }),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(exchange, { maxLength: 5 }), async (exchanges) => {
          for (const { from, length, chunk, target } of exchanges) {
            const content = bytes.subarray(from, from + length);
            next = chunk === null ? ok(content) : pieces(content, Math.max(chunk, Math.ceil(length / 100)));
            const { body } = await ask(server.url);
            expect((await readAll(body, target)).equals(content)).toBe(true);
          }
        }),
        { numRuns: 50 },
      );
      expect(server.opened()).toBe(1);
    },
  );
});

describe('nothing of an exchange reaches the next one', () => {
  const evil = ok('evil');

  test.each([
    ['that is to be closed', ok('good', 'Connection: close')],
    ['that is to be closed, in other letters', ok('good', 'Connection: Keep-Alive, CLOSE')],
    ['of HTTP/1.0', ok('good').toString().replace('1.1', '1.0')],
    ['of HTTP/1.0 that is to be kept', ok('good', 'Connection: keep-alive').toString().replace('1.1', '1.0')],
    ['that is closed in a moment', ok('good', 'Keep-Alive: timeout=1')],
    ['with more than an answer', Buffer.concat([ok('good'), Buffer.from('x')])],
    ['with two answers', Buffer.concat([ok('good'), evil])],
    ['with more than its chunks', `${chunked}4\r\ngood\r\n0\r\n\r\nx`],
    ['with an answer behind its chunks', `${chunked}4\r\ngood\r\n0\r\nA: b\r\n\r\n${evil}`],
  ])('a connection %s is not used again', async (_what, first) => {
    const server = await serveExchanges(({ connection }) => (connection === 1 ? first : ok('right')));
    expect(await read(server.url)).toBe('good');
    expect(await read(server.url)).toBe('right');
    expect(server.asked.map(({ connection }) => connection)).toEqual([1, 2]);
  });

  test.each([
    ['http', false],
    ['https', true],
    ['https, through a tunnel', true],
  ])('nor one where more comes right behind a long body (%s)', async (how, isSecure) => {
    const bytes = 'x'.repeat(150_000); // more than what is read with a head
    const server = await serveExchanges(
      ({ connection }) => (connection === 1 ? Buffer.concat([ok(bytes), evil]) : ok('right')),
      { isSecure },
    );
    const proxy = await startForwardProxy();
    const tunnelled = { ...limits, proxyFor: proxiesOf({ HTTPS_PROXY: proxy.url }) };
    const way = how.endsWith('tunnel') ? tunnelled : limits;
    expect(await read(server.url, way)).toBe(bytes);
    expect(await read(server.url, way)).toBe('right');
    expect(server.opened()).toBe(2);
    await proxy.stop();
  });

  test.each([
    ['204', 'HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nevil'],
    ['304', 'HTTP/1.1 304 Not Modified\r\n\r\nevil'],
  ])('%s with a body is its connection’s last answer', async (_status, first) => {
    const server = await serveExchanges(({ connection }) => (connection === 1 ? first : ok('right')));
    expect(await read(server.url)).toBe('');
    expect(await read(server.url)).toBe('right');
    expect(server.opened()).toBe(2);
  });

  const abandonments = {
    'is not read': async () => undefined,
    'is read in part': async (body: { fill(target: Buffer): Promise<number> }) =>
      void (await body.fill(Buffer.alloc(10))),
    'is dumped': async (body: { dump(): Promise<void> }) => await body.dump(),
  } as const;

  test.each(Object.entries(abandonments))('a connection whose answer %s ends with it', async (_how, use) => {
    const server = await serveExchanges(({ connection }) =>
      ok((connection === 1 ? 'e' : 'r').repeat(100_000)),
    );
    const { body } = await ask(server.url);
    await use(body);
    body.close();
    expect(await read(server.url)).toBe('r'.repeat(100_000));
    expect(server.opened()).toBe(2);
    await expect.poll(() => server.connections.size).toBe(1);
  });

  test.each([false, true])(
    'what comes unasked while a connection is idle ends it (https: %s)',
    async (isSecure) => {
      const server = await serveExchanges(({ connection }) => ok(connection === 1 ? 'good' : 'right'), {
        isSecure,
      });
      expect(await read(server.url)).toBe('good');
      server.asked[0]?.socket.write(evil);
      await expect.poll(() => server.connections.size).toBe(0);
      expect(await read(server.url)).toBe('right');
    },
  );

  test.each([false, true])(
    'what comes unasked at the moment of the next request is no answer to it (https: %s)',
    async (isSecure) => {
      const server = await serveExchanges(({ connection }) => ok(connection === 1 ? 'good' : 'right'), {
        isSecure,
      });
      for (const expected of ['good', 'right']) {
        expect(await read(server.url)).toBe(expected);
        if (expected === 'good') server.asked[0]?.socket.write(evil);
      }
      expect(server.opened()).toBe(2);
    },
  );

  test('a reader that is late, closes late or is aborted late harms no other exchange', async () => {
    const server = await serveExchanges(({ turn }) => (turn === 1 ? ok('first') : undefined));
    const controller = new AbortController();
    const { body } = await ask(server.url, limits, controller.signal);
    expect((await readAll(body)).toString()).toBe('first');
    const second = ask(server.url);
    await expect.poll(() => server.asked.length).toBe(2);
    controller.abort(new Error('the first one is over'));
    body.close();
    await body.dump();
    expect(await body.text()).toBe('');
    expect(await body.fill(Buffer.alloc(5))).toBe(0);
    server.asked[1]?.socket.write(ok('second'));
    expect((await readAll((await second).body)).toString()).toBe('second');
    expect(server.opened()).toBe(1);
  });
});

describe('a connection that its server closes', () => {
  test.each(['end', 'destroy', 'resetAndDestroy'] as const)(
    'while it is idle is not used again (%s)',
    async (close) => {
      const server = await serveExchanges(() => ok('right'));
      await read(server.url);
      server.asked[0]?.socket[close]();
      expect(await read(server.url)).toBe('right');
      expect(server.asked.map(({ connection }) => connection)).toEqual([1, 2]);
    },
  );

  test('with a 408 at the moment of the next request is opened anew; a 408 on a new one is the answer', async () => {
    const timeout = 'HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';
    const server = await serveExchanges(({ turn, connection }) =>
      turn === 1 && connection === 1 ? ok('right') : timeout,
    );
    await read(server.url);
    expect((await ask(server.url)).statusCode).toBe(408);
    expect(server.asked.map(({ connection }) => connection)).toEqual([1, 1, 2]);
  });

  test.each(['end', 'resetAndDestroy'] as const)(
    'at the moment of the next request is opened anew (%s)',
    async (how) => {
      const server = await serveExchanges(({ connection, turn, socket }) => {
        if (connection > 1 || turn === 1) return ok('right');
        socket[how]();
        return undefined;
      });
      await read(server.url);
      expect(await read(server.url)).toBe('right');
      expect(server.asked.map(({ connection }) => connection)).toEqual([1, 1, 2]);
    },
  );

  test('is opened anew once: a new one that is closed, too, is an error', async () => {
    const server = await serveExchanges(({ connection, socket }) => {
      if (connection === 1 && server.asked.length === 1) return ok('right');
      socket.end();
      return undefined;
    });
    await read(server.url);
    await expect(ask(server.url)).rejects.toThrow('the connection ended before an answer came');
    expect(server.asked.map(({ connection }) => connection)).toEqual([1, 1, 2]);
  });

  test('is not opened anew where an answer has begun', async () => {
    const server = await serveExchanges(({ turn, socket }) => {
      if (turn === 1) return ok('right');
      socket.end('HTTP/1.1 103 Early Hints\r\n\r\n');
      return undefined;
    });
    await read(server.url);
    await expect(ask(server.url)).rejects.toThrow('the connection ended before an answer came');
    expect(server.asked).toHaveLength(2);
  });

  test('in the middle of a later answer has given what came, and then throws', async () => {
    const server = await serveExchanges(({ turn, socket }) => {
      if (turn === 1) return ok('right');
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234');
      return undefined;
    });
    await read(server.url);
    const { body } = await ask(server.url);
    expect(await body.fill(Buffer.alloc(10))).toBe(5);
    await expect(body.fill(Buffer.alloc(10))).rejects.toThrow('5 bytes before the end');
    expect(server.asked.map(({ connection }) => connection)).toEqual([1, 1]);
    expect(await read(server.url)).toBe('right');
  });
});

describe('a limit holds for a connection that is used again:', () => {
  const short = { stallMs: 2000, headMs: 300, windowMs: 300, minimumRate: 64 * 1024 };
  /** Right at first, then what the test wants. */
  const served = async (second: (socket: Asked['socket']) => void, first = ok('right')) => {
    const server = await serveExchanges(({ turn, socket }) => {
      if (turn === 1) return first;
      second(socket);
      return undefined;
    });
    await read(server.url, short);
    return server;
  };
  const dripping = (begin: string, piece: string) => (socket: Asked['socket']) => {
    socket.write(begin);
    const timer = setInterval(() => socket.write(piece), 20);
    socket.on('close', () => clearInterval(timer));
  };

  test.each([
    ['drips', dripping('HTTP/1.1 200 OK\r\nx: ', 'x')],
    ['does not come', () => undefined],
    ['never follows its interim answers', dripping('', 'HTTP/1.1 102 Processing\r\n\r\n')],
  ])('a head that %s', async (_how, act) => {
    const server = await served(act);
    await expect(ask(server.url, short)).rejects.toThrow(
      /no whole answer came in 0.3 s|more than 16 interim/,
    );
    await expect.poll(() => server.connections.size).toBe(0);
    expect(server.asked).toHaveLength(2);
  });

  test('a silence', async () => {
    const server = await served(() => undefined);
    await expect(ask(server.url, { stallMs: 200 })).rejects.toThrow('no byte came in 0.2 s');
    expect(server.asked).toHaveLength(2);
  });

  test('a rate, for which what came before does not count', async () => {
    const server = await served(
      dripping('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n', 'x'.repeat(50)),
      ok('x'.repeat(1_000_000)),
    );
    expect(server.asked).toHaveLength(1);
    const { body } = await ask(server.url, short);
    await expect(readAll(body, 1024 * 1024)).rejects.toThrow(TooSlow);
    expect(server.opened()).toBe(1);
  });

  test('an abort, whose reason is kept: while it is taken, and while it waits', async () => {
    const reason = new Error('the time ended');
    const server = await served(() => undefined);
    const taken = new AbortController();
    const asked = ask(server.url, limits, taken.signal);
    taken.abort(reason);
    await expect(asked).rejects.toBe(reason);
    await expect.poll(() => server.connections.size).toBe(0);

    await read(server.url);
    const waiting = new AbortController();
    const waited = ask(server.url, limits, waiting.signal);
    await delay(50);
    waiting.abort(reason);
    await expect(waited).rejects.toBe(reason);
    await expect.poll(() => server.connections.size).toBe(0);
    expect(server.opened()).toBe(2);
  });
});

describe('a connection serves none that would have gone another way:', () => {
  const resolving = (): LookupFunction => (_host, _options, done) =>
    done(null, [{ address: '127.0.0.1', family: 4 }]);

  test('to another name of the same server', async () => {
    const server = await serveExchanges(() => ok('right'));
    const names = [server.url, server.url.replace('127.0.0.1', 'localhost')];
    for (const url of [...names, ...names]) await read(url);
    expect(server.asked.map(({ connection }) => connection)).toEqual([1, 2, 1, 2]);
  });

  test('through another filter of addresses, or none', async () => {
    const server = await serveExchanges(() => ok('right'));
    const url = server.url.replace('127.0.0.1', 'localhost');
    const [one, other] = [resolving(), resolving()];
    const ways = [undefined, one, other].map((lookup) => ({ ...limits, lookup }));
    for (const way of [...ways, ...ways]) await read(url, way);
    expect(server.asked.map(({ connection }) => connection)).toEqual([1, 2, 3, 1, 2, 3]);
  });

  test.each([false, true])(
    'through another proxy, other credentials, or none (https: %s)',
    async (isSecure) => {
      const server = await serveExchanges(() => ok('right'), { isSecure });
      const proxies = [await startForwardProxy(), await startForwardProxy()];
      const through = (url: string) => proxiesOf({ HTTP_PROXY: url, HTTPS_PROXY: url });
      const urls = proxies.flatMap(({ url }) => [url, url.replace('//', '//user:secret@')]);
      const ways = [{}, ...urls.map((url) => ({ proxyFor: through(url) }))].map((way) => ({
        ...limits,
        ...way,
      }));
      for (const way of [...ways, ...ways]) expect(await read(server.url, way)).toBe('right');
      const secrets = proxies.map(({ seen }) => seen.map(({ headers }) => headers['proxy-authorization']));
      const secret = `Basic ${Buffer.from('user:secret').toString('base64')}`;
      // A tunnel is asked for once; a proxy of http is told each time.
      const expected = isSecure ? [undefined, secret] : [undefined, secret, undefined, secret];
      expect(secrets).toEqual([expected, expected]);
      for (const proxy of proxies) await proxy.stop();
    },
  );

  test('a proxy is asked for no name that does not pass (any more), whatever it has open', async () => {
    const server = await serveExchanges(() => ok('right'));
    const proxy = await startForwardProxy();
    let isAllowed = true;
    const lookup: LookupFunction = (host, options, done) =>
      isAllowed
        ? resolving()(host, options, done)
        : done(new Error('the addresses do not pass filtering'), '');
    const way = { ...limits, lookup, proxyFor: proxiesOf({ HTTP_PROXY: proxy.url }) };
    const url = server.url.replace('127.0.0.1', 'localhost');
    expect(await read(url, way)).toBe('right');
    isAllowed = false;
    await expect(ask(url, way)).rejects.toThrow('do not pass filtering');
    expect(proxy.seen).toHaveLength(1);
    await proxy.stop();
  });
});

describe('a PUT of data', () => {
  test('takes a new connection, and leaves it to nobody', async () => {
    const server = await serveExchanges(() => ok('right'));
    const body = async function* () {
      yield Buffer.from('data');
    };
    const upload = async (): Promise<void> => {
      const headers = { 'content-length': '4' };
      const answer = await put({ url: server.url, headers, connections: limits, signal: live }, body());
      expect(await answer.body.text()).toBe('right');
    };
    await read(server.url);
    await upload();
    await upload();
    await read(server.url);
    expect(server.asked.map(({ head, connection }) => `${head.slice(0, 3)} ${connection}`)).toEqual([
      'GET 1',
      'PUT 2',
      'PUT 3',
      'GET 1',
    ]);
  });
});
