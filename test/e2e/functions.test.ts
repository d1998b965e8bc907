import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cloud, startCloud } from '../cloud/cloud.ts';
import { type Functions, startFunctions } from '../cloud/offline/serverless-offline.ts';

// The bundles that are deployed, under serverless-offline, over real HTTP.

const MiB = 1024 ** 2;

let dataDir: string;
let cloud: Cloud;
let functions: Functions;
let token: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'glance-ferry-e2e-'));
  cloud = await startCloud({ dataDir });
  token = cloud.openstack.issueToken('demo');
  const env = { ...cloud.env, OS_TARGET_REGIONS: '*', EVENT_BUS_NAME: 'default' };
  functions = await startFunctions({ env, dataDir });
});
afterAll(async () => {
  await functions.stop();
  await cloud.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${functions.url}${path}`, { ...init, headers: { 'x-auth-token': token, ...init.headers } });

const importFrom = (sourceId: string, targetId: string): Promise<Response> => {
  const method = { name: 'glance-download', glance_region: 'REGION1', glance_image_id: sourceId };
  return ask(`/v2/images/${targetId}/import`, { method: 'POST', body: JSON.stringify({ method }) });
};

const newPair = async (bytes: Buffer) => {
  const { REGION1, REGION2 } = cloud.openstack.regions;
  const formats = { disk_format: 'raw', container_format: 'bare' };
  const source = await REGION1.createImage(
    { ...formats, hw_disk_bus: 'scsi', architecture: 'x86_64' },
    bytes,
  );
  return { source, target: await REGION2.createImage({ name: 'copy' }) };
};

test('an image travels by one POST; the task list tells of it, and the event bus', async () => {
  const { source, target } = await newPair(randomBytes(40 * MiB));
  const answer = await importFrom(source.id, target.id);
  expect(answer.status).toBe(201);
  const location = answer.headers.get('location') ?? '';
  expect(location).toBe(`/v2/images/${target.id}/tasks`);

  const lastTask = async () => {
    const { tasks } = (await (await ask(location)).json()) as { tasks: Record<string, unknown>[] };
    return tasks.at(-1);
  };
  await expect.poll(lastTask).toMatchObject({
    status: 'success',
    message: 'Copied 40 MiB',
    request_id: answer.headers.get('x-openstack-request-id'),
  });
  expect(cloud.openstack.regions.REGION2.image(target.id)).toMatchObject({
    status: 'active',
    os_hash_value: source.os_hash_value,
    hw_disk_bus: 'scsi',
  });
  const told = cloud.aws.events.received.map(({ event }) => event.detail['state']);
  // In any order: a step may be faster than the end of the request.
  expect(told.toSorted()).toEqual(['pending', 'processing', 'success']);
});

test('a region is found below its name, with and without a slash, and by the list of regions', async () => {
  const { regions } = (await (await ask('/regions')).json()) as {
    regions: { name: string; links: { href: string }[] }[];
  };
  expect(regions.map(({ name }) => name)).toEqual(['REGION1', 'REGION2', 'REGION3']);
  const href = regions.at(-1)?.links[0]?.href ?? '';
  expect(href).toBe(`${functions.url}/regions/REGION3`);
  for (const [path, status] of [
    ['', 300],
    ['/', 300],
    ['/versions', 200],
  ] as const) {
    const answer = await fetch(`${href}${path}`);
    expect(answer.status).toBe(status);
    const { versions } = (await answer.json()) as { versions: { links: { href: string }[] }[] };
    expect(versions[0]?.links[0]?.href).toBe(`${href}/v2/`);
  }
  const { id } = await cloud.openstack.regions.REGION3.createImage({});
  expect(await (await ask(`/regions/REGION3/v2/images/${id}/tasks`)).json()).toEqual({ tasks: [] });
  const unknown = await ask(`/regions/S%C3%BCd%20West%252F1/v2/images/${id}/tasks`);
  expect([unknown.status, await unknown.json()]).toMatchObject([
    404,
    { message: expect.stringContaining('Süd West') },
  ]);
});

test('a refusal comes over real HTTP as it is, and lists what is allowed', async () => {
  const { target } = await newPair(randomBytes(1));
  const wrongVerb = await ask(`/v2/images/${target.id}/import`, { method: 'PUT' });
  expect([wrongVerb.status, wrongVerb.headers.get('allow')]).toEqual([405, 'POST']);

  const anonymous = await fetch(`${functions.url}/v2/info/import`);
  expect(anonymous.status).toBe(401);
  expect(anonymous.headers.get('www-authenticate')).toMatch(/^Keystone uri="http:\/\/127\.0\.0\.1:\d+"$/);

  const malformed = await ask(`/v2/images/${target.id}/import`, { method: 'POST', body: '{' });
  expect([malformed.status, await malformed.json()]).toEqual([
    400,
    { message: 'Malformed JSON in request body.', code: '400 Bad Request', title: 'Bad Request' },
  ]);
});

test.each(['', '/regions/REGION3'])(
  'a DELETE on the tasks is another function than a GET, %s',
  async (below) => {
    const region = below === '' ? 'REGION2' : 'REGION3';
    const { id } = await cloud.openstack.region(region).createImage({});
    const [cancelled, listed, wrong] = await Promise.all(
      ['DELETE', 'GET', 'PUT'].map((method) => ask(`${below}/v2/images/${id}/tasks`, { method })),
    );
    const message = `No import of image ${id} is running`;
    expect([cancelled?.status, await cancelled?.json()]).toMatchObject([404, { message }]);
    expect([listed?.status, await listed?.json()]).toEqual([200, { tasks: [] }]);
    expect([wrong?.status, wrong?.headers.get('allow')]).toEqual([405, 'DELETE, GET']);
  },
);

test('a client finds versions and import methods', async () => {
  const versions = await fetch(`${functions.url}/versions`);
  expect([versions.status, (await fetch(`${functions.url}/`)).status]).toEqual([200, 300]);
  expect(JSON.stringify(await versions.json())).toContain(`"href":"${functions.url}/v2/"`);
  expect(await (await ask('/v2/info/import')).json()).toMatchObject({
    'import-methods': { value: ['glance-download', 'web-download'] },
  });
});

test('apply-metadata runs on its own, invoked directly', async () => {
  const { source, target } = await newPair(randomBytes(1));
  const input = { image_id: target.id, token, glance_region: 'REGION1', glance_image_id: source.id };
  const answer = await fetch(
    `${functions.lambdaUrl}/2015-03-31/functions/glance-ferry-prod-apply-metadata/invocations`,
    {
      method: 'POST',
      body: JSON.stringify(input),
    },
  );
  expect(await answer.json()).toMatchObject({ image_id: target.id, properties: { hw_disk_bus: 'scsi' } });
  expect(cloud.openstack.regions.REGION2.image(target.id)).toMatchObject({
    status: 'queued',
    disk_format: 'raw',
    hw_disk_bus: 'scsi',
  });
});

test('the log has a line per event with request, task, region and image id, and no token', async () => {
  const { source, target } = await newPair(randomBytes(MiB));
  const { id, request_id } = (await (await importFrom(source.id, target.id)).json()) as Record<
    string,
    unknown
  >;
  await expect.poll(() => cloud.openstack.regions.REGION2.image(target.id)?.status).toBe('active');
  const lines = async () => {
    const log = await readFile(functions.logFile, 'utf8');
    expect(log).not.toContain(token);
    return log.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []));
  };
  const linesOf = async () =>
    (await lines())
      .filter((line) => line.task_id === id)
      .map(({ message, region, image_id, request_id }) => ({ message, region, image_id, request_id }));
  const ids = { region: 'REGION2', image_id: target.id, request_id };
  // The request's line is written once its message is queued: whoever works on that may write his first.
  const request = { message: 'import queued', ...ids };
  const steps = ['begins a copy', 'properties set', 'import ended'].map((message) => ({ message, ...ids }));
  await expect.poll(linesOf).toHaveLength(1 + steps.length);
  expect(await linesOf()).toContainEqual(request);
  expect((await linesOf()).filter(({ message }) => message !== request.message)).toEqual(steps);
  const { copy_id } = (await lines()).find(
    ({ task_id, message }) => task_id === id && message === 'begins a copy',
  );
  const ofCopy = (await lines()).filter((line) => line.copy_id === copy_id && line.task_id === undefined);
  expect(ofCopy.map(({ message }) => message)).toEqual(['copying', 'copied']);
});
