import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createS3Client } from '../../../../lib/aws/s3/s3-client.ts';

let server: Server;
let endpoint: string;
let dir: string;
const seen: string[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 's3-client-'));
  server = createServer((request, response) => {
    seen.push(`${request.headers.host}${request.url}`);
    response.end();
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  seen.length = 0;
  for (const name of ['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_S3', 'AWS_PROFILE']) vi.stubEnv(name, undefined);
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'a');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'b');
});
afterEach(() => vi.unstubAllEnvs());
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(dir, { recursive: true });
});

const useConfigFile = async (name: string, text: string): Promise<void> => {
  // The SDK reads a file of the same name only once.
  await writeFile(join(dir, name), text);
  vi.stubEnv('AWS_CONFIG_FILE', join(dir, name));
};
const urlOf = async (): Promise<string | undefined> => {
  const client = createS3Client();
  await client.send(new HeadObjectCommand({ Bucket: 'relay', Key: 'imports/1' }));
  client.destroy();
  return seen[0];
};

describe('the bucket stands in the path, not in the host name, where the store’s endpoint is given by', () => {
  test.each(['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_S3'])('%s', async (name) => {
    vi.stubEnv(name, endpoint);
    expect(await urlOf()).toBe(`${endpoint.slice('http://'.length)}/relay/imports/1`);
  });

  test('endpoint_url of the configuration file', async () => {
    await useConfigFile('all', `[default]\nendpoint_url = ${endpoint}\n`);
    expect(await urlOf()).toBe(`${endpoint.slice('http://'.length)}/relay/imports/1`);
  });

  test('endpoint_url of the service s3 in the configuration file', async () => {
    const services = `[services own]\ns3 =\n  endpoint_url = ${endpoint}\n`;
    await useConfigFile('services', `[default]\nservices = own\n${services}`);
    expect(await urlOf()).toBe(`${endpoint.slice('http://'.length)}/relay/imports/1`);
  });
});

test('the bucket stands in the host name of AWS itself', async () => {
  const client = createS3Client();
  let host = '';
  client.middlewareStack.add(
    () => (args) => {
      host = (args as { readonly request: { readonly hostname: string } }).request.hostname;
      return Promise.resolve({ output: { $metadata: {} }, response: {} });
    },
    { step: 'finalizeRequest', priority: 'low' },
  );
  await client.send(new HeadObjectCommand({ Bucket: 'relay', Key: 'imports/1' }));
  expect(host).toBe('relay.s3.us-east-1.amazonaws.com');
});
