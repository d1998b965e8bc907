import net, { type LookupFunction } from 'node:net';
import { HeadBucketCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createS3Client } from '../../../lib/aws/s3/s3-client.ts';
import { addressMs } from '../../../lib/http/connections/tunnel.ts';
import { get } from '../../../lib/http/exchange.ts';
import { callWhole, createOpenStackHttp, guarded } from '../../../lib/openstack/http.ts';
import { answering, serve } from './byte-server.ts';

// Names with several addresses: one that refuses, one without a route (there is none to many at once, on any machine).

const signal = new AbortController().signal;
const operation = 'ask';
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

const resolvingTo =
  (...addresses: readonly string[]): LookupFunction =>
  (_host, _options, done) =>
    done(
      null,
      addresses.map((address) => ({ address, family: net.isIP(address) })),
    );

const ask = (port: number, lookup: LookupFunction) =>
  guarded({ operation, signal }, () =>
    get({
      url: `http://far.example.org:${port}/`,
      headers: {},
      connections: { stallMs: 3000, lookup },
      signal,
    }),
  );

describe('a name with several addresses', () => {
  test('is reached by one that works, whatever the others say at once', async () => {
    const { port } = await serve(answering(ok));
    for (const first of ['127.0.0.9', 'ff02::1'])
      expect(await ask(port, resolvingTo(first, '127.0.0.1'))).toMatchObject({ statusCode: 200 });
  });

  test('that all refuse is told with all of them, and what each said', async () => {
    await expect(ask(1, resolvingTo('127.0.0.8', '127.0.0.9'))).rejects.toMatchObject({
      code: 'unavailable',
      message: 'Failed to ask: connect ECONNREFUSED 127.0.0.8:1; connect ECONNREFUSED 127.0.0.9:1',
    });
  });
});

describe('a far address gets time for its handshake, and for a lost packet', () => {
  let asked: unknown[] = [];
  beforeEach(() => {
    asked = [];
    const connect = net.Socket.prototype.connect;
    vi.spyOn(net.Socket.prototype, 'connect').mockImplementation(function (
      this: net.Socket,
      ...args: unknown[]
    ) {
      const [options] = [args[0]].flat() as [net.TcpNetConnectOpts];
      asked.push(options.autoSelectFamilyAttemptTimeout);
      return Reflect.apply(connect, this, args);
    });
  });
  afterEach(() => void vi.restoreAllMocks());

  test('of 5 s', () => expect(addressMs).toBe(5000));

  test('in data, small calls and the SDK’s calls', async () => {
    const { url } = await serve(answering(ok));
    const { small } = createOpenStackHttp({ stallMs: 1000 });
    await ask(Number(new URL(url).port), resolvingTo('127.0.0.1'));
    await callWhole(small, { method: 'GET', url, headers: {}, signal, operation });
    vi.stubEnv('AWS_ENDPOINT_URL_S3', new URL(url).origin);
    vi.stubEnv('AWS_REGION', 'us-east-1');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'a');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'b');
    const s3 = createS3Client();
    await s3.send(new HeadBucketCommand({ Bucket: 'bucket' }));
    vi.unstubAllEnvs();
    s3.destroy();
    await small.close();
    expect(asked).toEqual([addressMs, addressMs, addressMs]);
  });
});
