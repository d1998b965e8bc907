import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { HeadBucketCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createS3Client } from '../../../../lib/aws/s3/s3-client.ts';
import { createUriFilter } from '../../../../lib/download/uri-filter.ts';
import { proxiesOf } from '../../../../lib/http/connections/proxy.ts';
import { get } from '../../../../lib/http/exchange.ts';
import { put } from '../../../../lib/http/put.ts';
import { trustAlso } from '../../../../lib/http/trust.ts';
import { callWhole, createOpenStackHttp } from '../../../../lib/openstack/http.ts';
import { readAll } from '../../byte-readers.ts';
import { answering, pemFile, serve } from '../byte-server.ts';
import { startForwardProxy, type TestProxy } from '../forward-proxy.ts';

const signal = new AbortController().signal;

describe('who is asked through which proxy', () => {
  const through = (env: Record<string, string>, url: string) => {
    const proxy = proxiesOf(env)(new URL(url));
    return proxy && `${proxy.isSecure ? 'https' : 'http'} ${proxy.host}:${proxy.port}`;
  };

  test.each([
    [{}, 'https://h/', undefined],
    [{ HTTPS_PROXY: 'http://p:3128' }, 'https://h/', 'http p:3128'],
    [{ HTTPS_PROXY: 'http://p:3128' }, 'http://h/', undefined],
    [{ HTTP_PROXY: 'http://p:3128' }, 'http://h/', 'http p:3128'],
    [{ https_proxy: 'http://lower:1', HTTPS_PROXY: 'http://upper:1' }, 'https://h/', 'http lower:1'],
    [{ HTTPS_PROXY: 'p:3128' }, 'https://h/', 'http p:3128'],
    [{ HTTPS_PROXY: 'https://p' }, 'https://h/', 'https p:443'],
    [{ HTTPS_PROXY: 'http://[::1]:3128' }, 'https://h/', 'http ::1:3128'],
    [{ HTTPS_PROXY: '' }, 'https://h/', undefined],
  ])('%j: %s through %s', (env, url, proxy) => {
    expect(through(env as Record<string, string>, url)).toBe(proxy);
  });

  test.each([
    ['*', 'https://h/', false],
    ['example.org', 'https://example.org/', false],
    ['example.org', 'https://EXAMPLE.org./', false],
    ['example.org', 'https://a.example.org/', false],
    ['example.org', 'https://badexample.org/', true],
    ['.example.org', 'https://a.example.org/', false],
    ['*.example.org', 'https://a.b.example.org/', false],
    ['example.org:8443', 'https://example.org/', true],
    ['example.org:8443', 'https://example.org:8443/', false],
    ['example.org:443', 'https://example.org/', false],
    ['a.org, example.org', 'https://example.org/', false],
    ['a.org example.org', 'https://example.org/', false],
    ['10.0.0.0/8', 'https://10.1.2.3/', false],
    ['10.0.0.0/8', 'https://11.1.2.3/', true],
    ['10.0.0.1', 'https://10.0.0.1/', false],
    ['fd00::/8', 'https://[fd00::1]/', false],
    ['::1', 'https://[::1]:8443/', false],
    ['[::1]:443', 'https://[::1]:8443/', true],
    ['10.0.0.0/99', 'https://10.0.0.1/', true],
    ['', 'https://h/', true],
  ])('NO_PROXY=%j: %s through the proxy: %s', (NO_PROXY, url, isProxied) => {
    expect(through({ HTTPS_PROXY: 'http://p:1', NO_PROXY }, url) !== undefined).toBe(isProxied);
  });

  test.each(['socks5://p:1080', 'socks://p:1080', 'ftp://p', 'http://'])('%s is refused', (HTTPS_PROXY) => {
    expect(() => proxiesOf({ HTTPS_PROXY })).toThrow('HTTPS_PROXY is not the URL of an HTTP proxy');
  });

  test('its password is in no message', () => {
    const secret = 'http://user:hunter2@ h:1';
    expect(() => proxiesOf({ HTTPS_PROXY: secret })).toThrow(/^((?!hunter2).)*$/s);
  });
});

/** The same of every proxy: one in this process, and a real one. */
const carries = (start: () => Promise<TestProxy>) => {
  let proxy: TestProxy;
  const tunnels = () => proxy.seen.filter(({ asked }) => asked.startsWith('CONNECT'));
  const proxyFor = (url: URL) => proxiesOf({ HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url })(url);
  beforeAll(async () => {
    proxy = await start();
    trustAlso(fileURLToPath(pemFile('certificate')));
  });
  afterEach(() => void proxy.seen.splice(0));
  afterAll(() => proxy.stop());

  describe.each(['http', 'https'])('%s', (scheme) => {
    const isSecure = scheme === 'https';

    test('data, whole', async () => {
      const bytes = randomBytes(3_000_000);
      const head = `HTTP/1.1 200 OK\r\nContent-Length: ${bytes.length}\r\n\r\n`;
      const { url } = await serve(answering(head, bytes), { isSecure });
      const answer = await get({ url, headers: {}, connections: { stallMs: 2000, proxyFor }, signal });
      expect((await readAll(answer.body, 1_000_000)).equals(bytes)).toBe(true);
    });

    test('a PUT, and its answer', async () => {
      let received = '';
      const { url } = await serve(
        (socket) => {
          socket.on('data', (bytes) => {
            received += bytes.toString();
            if (received.endsWith('hello')) socket.end('HTTP/1.1 204 No Content\r\n\r\n');
          });
        },
        { isSecure },
      );
      const body = async function* () {
        yield Buffer.from('hello');
      };
      const headers = { 'content-length': '5', 'x-auth-token': 'secret' };
      const answer = await put({ url, headers, connections: { stallMs: 2000, proxyFor }, signal }, body());
      expect(answer.statusCode).toBe(204);
      expect(received).toContain('PUT /image?a=b HTTP/1.');
    });

    test('calls to Keystone’s and Glance’s APIs', async () => {
      const { url } = await serve(answering('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'), { isSecure });
      const { small } = createOpenStackHttp({ stallMs: 1000, proxyFor });
      const call = { method: 'GET', url, headers: {}, signal, operation: 'ask' } as const;
      expect((await callWhole(small, call)).text).toBe('{}');
      await small.close();
    });

    test('a silent server’s timeout, as a direct connection does', async () => {
      const silent = await serve((socket) => void socket.resume(), { isSecure });
      const connections = { stallMs: 2000, headMs: 200, proxyFor };
      const asked = get({ url: silent.url, headers: {}, connections, signal });
      await expect(asked).rejects.toThrow('no whole answer came in 0.2 s');
    });
  });

  test('no certificate that nobody vouches for', async () => {
    const { url } = await serve(answering(''), { isSecure: true, certificate: 'expired' });
    const asked = get({ url, headers: {}, connections: { stallMs: 2000, proxyFor }, signal });
    await expect(asked).rejects.toThrow(/certificate/);
  });
  return { tunnels, proxy: () => proxy, proxyFor };
};

describe('a forward proxy carries', () => {
  const { proxy, proxyFor } = carries(() => startForwardProxy());

  test('nothing to forbidden addresses, which it is never asked for', async () => {
    const none = { allowed: [], disallowed: [] };
    const { lookup } = createUriFilter({ schemes: none, hosts: none, ports: none });
    const connections = { stallMs: 2000, lookup, proxyFor };
    for (const url of ['http://localhost:9/', 'https://localhost:9/']) {
      await expect(get({ url, headers: {}, connections, signal })).rejects.toThrow('do not pass filtering');
    }
    expect(proxy().seen).toEqual([]);
  });

  test('its own userinfo to itself alone', async () => {
    let seen = '';
    const { url } = await serve((socket) => {
      socket.once('data', (bytes) => {
        seen = bytes.toString();
        socket.end('HTTP/1.1 204 No Content\r\n\r\n');
      });
    });
    const withSecret = proxy().url.replace('//', '//user:p%40ss@');
    const connections = { stallMs: 2000, proxyFor: proxiesOf({ HTTP_PROXY: withSecret }) };
    await get({ url, headers: {}, connections, signal });
    expect(proxy().seen[0]?.headers['proxy-authorization']).toBe(
      `Basic ${Buffer.from('user:p@ss').toString('base64')}`,
    );
    expect(seen).not.toContain('proxy-authorization');
  });

  test.each([403, 407, 502])(
    'nothing where it answers %i, and says so without its secrets',
    async (status) => {
      const refusing = await startForwardProxy(status);
      const { url } = await serve(answering(''), { isSecure: true });
      const secret = proxiesOf({ HTTPS_PROXY: refusing.url.replace('//', '//user:hunter2@') });
      const asked = get({ url, headers: {}, connections: { stallMs: 2000, proxyFor: secret }, signal });
      const { host } = new URL(refusing.url);
      const target = new URL(url).host;
      await expect(asked).rejects.toThrow(
        `the proxy ${host} makes no connection to ${target}: it answered ${status}`,
      );
      await refusing.stop();
    },
  );

  test.each(['http', 'https'])('the SDK’s calls over %s', async (scheme) => {
    const isSecure = scheme === 'https';
    const { url } = await serve(answering('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'), { isSecure });
    const { origin } = new URL(url);
    const names = { AWS_ENDPOINT_URL_S3: origin, HTTP_PROXY: proxy().url, HTTPS_PROXY: proxy().url };
    const rest = {
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 'b',
      NO_PROXY: '',
      no_proxy: '',
    };
    for (const [name, value] of Object.entries({ ...names, ...rest })) vi.stubEnv(name, value);
    const client: S3Client = createS3Client();
    try {
      await client.send(new HeadBucketCommand({ Bucket: 'bucket' }));
    } finally {
      vi.unstubAllEnvs();
      client.destroy();
    }
    const asked = isSecure ? `CONNECT ${new URL(url).host}` : `HEAD ${origin}/bucket/`;
    expect(proxy().seen.map((one) => one.asked)).toEqual([asked]);
  });
});

const tinyproxy = ['/usr/bin/tinyproxy', '/usr/sbin/tinyproxy'].find((path) => existsSync(path));

const startTinyproxy = async (): Promise<TestProxy> => {
  const dir = await mkdtemp(join(tmpdir(), 'glance-ferry-tinyproxy-'));
  const probe = net.createServer().listen(0, '127.0.0.1');
  await new Promise((listening) => probe.once('listening', listening));
  const { port } = probe.address() as net.AddressInfo;
  await new Promise((closed) => probe.close(closed));
  await writeFile(
    join(dir, 'conf'),
    `Port ${port}\nListen 127.0.0.1\nAllow 127.0.0.1\nTimeout 60\nMaxClients 20\n`,
  );
  const child = spawn(tinyproxy ?? '', ['-d', '-c', join(dir, 'conf')], { stdio: 'ignore' });
  for (let tries = 0; tries < 100; tries += 1) {
    const isThere = await new Promise((done) => {
      const socket = net.connect(port, '127.0.0.1', () => done(true)).on('error', () => done(false));
      socket.unref();
    });
    if (isThere) break;
    await delay(50);
  }
  return {
    url: `http://127.0.0.1:${port}`,
    seen: [],
    stop: async () => {
      const ended = new Promise((done) => child.once('exit', done));
      child.kill();
      await ended;
      await rm(dir, { recursive: true, force: true });
    },
  };
};

if (tinyproxy) describe('Debian’s tinyproxy carries', () => void carries(startTinyproxy));
else
  test('a real forward proxy is not tried: tinyproxy is not installed (apt-get install tinyproxy)', ({
    skip,
  }) => skip('no tinyproxy'));
