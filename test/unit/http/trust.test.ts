import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { createUriFilter } from '../../../lib/download/uri-filter.ts';
import { WebDownload } from '../../../lib/download/web-download.ts';
import { get } from '../../../lib/http/exchange.ts';
import { trustAlso } from '../../../lib/http/trust.ts';
import { callWhole, createOpenStackHttp, guarded } from '../../../lib/openstack/http.ts';
import { answering, pem, pemFile, serve } from './byte-server.ts';

const signal = new AbortController().signal;
const { small } = createOpenStackHttp({ stallMs: 1000 });
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const operation = 'ask';

const calls = [
  [
    'data',
    (url: string) =>
      guarded({ operation, signal }, () => get({ url, headers: {}, connections: { stallMs: 1000 }, signal })),
  ],
  ['small calls', (url: string) => callWhole(small, { method: 'GET', url, headers: {}, signal, operation })],
] as const;

const trusted = (): ReadonlySet<string> =>
  new Set(tls.getCACertificates('default').map((one) => new X509Certificate(one).fingerprint256));

// In this order: trust is the whole process's, and only grows.
describe.each(calls)('of %s', (_, ask) => {
  const untrusted = [
    [
      'nobody vouches for',
      'signed',
      'its certificate is not trusted; OS_CACERT names the PEM file of a private CA',
    ],
    ['vouches for itself', 'certificate', 'OS_CACERT names the PEM file of a private CA'],
  ] as const;
  test.each(untrusted)(
    'a certificate that %s is final, and says what helps',
    async (_what, certificate, told) => {
      const { url, connections } = await serve(answering(ok), { isSecure: true, certificate });
      await expect(ask(url)).rejects.toMatchObject({
        code: 'untrusted',
        retryable: false,
        message: expect.stringMatching(new RegExp(`^Failed to ask: .*${told}$`)),
      });
      expect(connections.size).toBe(0);
    },
  );
});

describe('with a private CA', () => {
  test('nothing that is public loses its trust', () => {
    const before = trusted();
    trustAlso(fileURLToPath(pemFile('authority')));
    trustAlso(fileURLToPath(pemFile('authority')));
    expect(before.size).toBeGreaterThan(100);
    expect(trusted()).toEqual(new Set([...before, new X509Certificate(pem('authority')).fingerprint256]));
  });

  test.each(calls)('%s come from whom it vouches for', async (_, ask) => {
    const { url } = await serve(answering(ok), { isSecure: true, certificate: 'signed' });
    expect(await ask(url)).toMatchObject({ statusCode: 200 });
  });

  test('web-download, and every redirect, does so, too', async () => {
    const hosts = { allowed: ['127.0.0.1'], disallowed: [] };
    const none = { allowed: [], disallowed: [] };
    const filter = createUriFilter({ schemes: none, hosts, ports: none });
    const filtered = { stallMs: 1000, lookup: filter.lookup };
    const { url } = await serve(answering(ok), { isSecure: true, certificate: 'signed' });
    const first = await serve(
      answering(`HTTP/1.1 302 Found\r\nLocation: ${url}\r\nContent-Length: 0\r\n\r\n`),
    );
    for (const start of [url, first.url]) {
      const download = new WebDownload(start, { direct: filtered, filtered, filter });
      expect(await download.open({ signal })).toMatchObject({ length: 2 });
    }
  });

  test.each(
    calls.flatMap(([what, ask]) => [
      [what, 'expired', 'its certificate has expired, or is not valid yet', ask] as const,
      [what, 'other-host', 'its certificate is for another host', ask] as const,
    ]),
  )('%s: a certificate that is %s stays final', async (_what, certificate, told, ask) => {
    const { url } = await serve(answering(ok), { isSecure: true, certificate });
    await expect(ask(url)).rejects.toMatchObject({
      code: 'untrusted',
      message: expect.stringMatching(new RegExp(`${told}$`)),
    });
  });
});

describe('a file of CAs', () => {
  test('that is not there is told at the start', () => {
    expect(() => trustAlso('/nonexistent/ca.pem')).toThrow('/nonexistent/ca.pem');
  });

  test('without a certificate is told, too', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'glance-ferry-ca-'));
    const file = join(dir, 'ca.pem');
    await writeFile(file, 'no certificate');
    expect(() => trustAlso(file)).toThrow(`${file} has no certificate in PEM`);
    await rm(dir, { recursive: true });
  });
});
