import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { get } from '../../../../lib/http/exchange.ts';
import { ok, serveExchanges } from '../exchange-server.ts';
import { startForwardProxy } from '../forward-proxy.ts';

const run = promisify(execFile);
const getProcess = fileURLToPath(new URL('../get-process.ts', import.meta.url));

const ask = (url: string) =>
  get({ url, headers: {}, connections: { stallMs: 2000 }, signal: new AbortController().signal });
const read = async (url: string): Promise<string> => (await ask(url)).body.text();

test.each([
  [false, false],
  [true, false],
  [false, true],
  [true, true],
])(
  'an idle connection keeps no process alive (https: %s, through a proxy: %s)',
  async (isSecure, isProxied) => {
    const server = await serveExchanges(() => ok('hello'), { isSecure });
    const proxy = await startForwardProxy();
    const proxies = isProxied ? { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url } : {};
    const { stdout } = await run(process.execPath, [getProcess, server.url], { env: proxies });
    const [said, seconds] = stdout.split('\n');
    expect(said).toBe('hello');
    expect(seconds).toMatch(/^[012]$/); // it would be closed after 4
    expect(proxy.seen).toHaveLength(isProxied ? 1 : 0);
    await proxy.stop();
  },
);

test('an idle connection is closed before the time that its server gives it', async () => {
  const server = await serveExchanges(() => ok('hello', 'Keep-Alive: timeout=2'));
  await read(server.url);
  expect(server.connections.size).toBe(1);
  await expect.poll(() => server.connections.size, { timeout: 1900 }).toBe(0);
  expect(await read(server.url)).toBe('hello');
  expect(server.opened()).toBe(2);
});

test('a connection that a frozen process has kept for too long is not used', async () => {
  const server = await serveExchanges(() => ok('hello'));
  await read(server.url);
  const now = Date.now;
  // Timers stand still while Lambda keeps a process for its next event.
  Date.now = () => now() + 3_600_000;
  try {
    expect(await read(server.url)).toBe('hello');
  } finally {
    Date.now = now;
  }
  expect(server.asked.map(({ connection }) => connection)).toEqual([1, 2]);
});

test('16 connections are kept at most, the newest ones', async () => {
  const server = await serveExchanges(() => ok('hello'));
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(server.url)));
  for (const { body } of answers) await body.text();
  await expect.poll(() => server.connections.size).toBe(16);
  await read(server.url);
  expect(server.opened()).toBe(20);
});
