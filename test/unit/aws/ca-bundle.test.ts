import { fileURLToPath } from 'node:url';
import { HeadBucketCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createRelayStore } from '../../../lib/aws/s3/relay-store.ts';
import { createS3Client } from '../../../lib/aws/s3/s3-client.ts';
import { readAll } from '../byte-readers.ts';
import { answering, pemFile, serve } from '../http/byte-server.ts';

// A store whose certificate a private CA vouches for. In a file of its own: trust is the whole process's.

const signal = new AbortController().signal;

beforeAll(() => {
  vi.stubEnv('AWS_CA_BUNDLE', fileURLToPath(pemFile('authority')));
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'a');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'b');
});
afterAll(() => void vi.unstubAllEnvs());

const storeOf = async (...answer: readonly string[]) => {
  const { url } = await serve(answering(...answer), { isSecure: true, certificate: 'signed' });
  vi.stubEnv('AWS_ENDPOINT_URL_S3', new URL(url).origin);
  return createS3Client();
};

test('AWS_CA_BUNDLE is trusted by signed GETs', async () => {
  const client = await storeOf(
    'HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-4/5\r\nContent-Length: 5\r\n\r\nhello',
  );
  const relay = createRelayStore(client, 'bucket', { checksum: 'crc32', stallMs: 1000 });
  const { body } = await relay.open('key', { offset: 0, size: 5, signal });
  expect((await readAll(body)).toString()).toBe('hello');
});

test('AWS_CA_BUNDLE is trusted by the SDK’s clients', async () => {
  const client = await storeOf('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  const { $metadata } = await client.send(new HeadBucketCommand({ Bucket: 'bucket' }));
  expect($metadata.httpStatusCode).toBe(200);
  client.destroy();
});
