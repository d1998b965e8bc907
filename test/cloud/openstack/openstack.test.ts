import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startOpenStack } from './openstack.ts';
import { formats, hello, useOpenStack } from './use-openstack.ts';

const use = useOpenStack();
const source = () => use().cloud.regions.REGION1;
const portOf = (url: string) => Number(new URL(url).port);

test('the record of requests names users instead of tokens, and keeps what a test may ask for', async () => {
  const { id } = await source().createImage(formats, hello);
  source().clearRequests();
  const headers = { Range: 'bytes=0-1', 'X-Service-Token': use().cloud.issueToken('svc') };
  await (await use().call(source(), `${id}/file`, { headers })).arrayBuffer();
  const [request] = source().requests();
  expect(request).toMatchObject({
    ...{ method: 'GET', path: `/v2/images/${id}/file`, user: 'demo', serviceUser: 'svc' },
    headers: { range: 'bytes=0-1', accept: 'application/json' },
  });
  await expect.poll(() => source().requests()[0]?.status).toBe(206);
  expect(JSON.stringify(source().requests())).not.toContain('gAAAA');
});

test('stop() ends a download that nobody reads', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'openstack-'));
  const short = await startOpenStack({ dataDir: directory });
  const { REGION1 } = short.regions;
  const { id } = await REGION1.madeUpImage(formats, { size: 64 * 1024 * 1024, seed: 3, checksum: false });
  const headers = { 'X-Auth-Token': short.issueToken('demo') };
  const answer = await fetch(`${REGION1.url}/v2/images/${id}/file`, { headers });
  await short.stop();
  await expect(answer.arrayBuffer()).rejects.toThrow(TypeError);
  await expect(fetch(REGION1.url)).rejects.toThrow(TypeError);
  await rm(directory, { recursive: true });
});

test('a port that is taken is named', async () => {
  const taken = portOf(source().url);
  await expect(startOpenStack({ dataDir: use().dataDir, ports: { keystone: taken } })).rejects.toThrow(
    `cannot listen on 127.0.0.1:${taken}`,
  );
});

test('nothing is left running when the second region cannot start', async () => {
  const free = await startOpenStack({ dataDir: use().dataDir });
  const ports = { keystone: portOf(free.keystone.url), REGION1: portOf(free.regions.REGION1.url) };
  await free.stop();
  const start = (REGION2: number) => startOpenStack({ dataDir: use().dataDir, ports: { ...ports, REGION2 } });
  await expect(start(portOf(source().url))).rejects.toThrow('cannot listen');
  await (await start(0)).stop();
});
