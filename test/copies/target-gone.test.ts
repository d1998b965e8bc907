import { randomBytes } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { useFerry } from '../integration/use-ferry.ts';
import { useWebServer } from '../integration/use-web-server.ts';

const MiB = 1024 ** 2;
const formats = { disk_format: 'raw', container_format: 'bare' };

const web = useWebServer();
const ferry = useFerry(() => ({
  env: {
    ...{ HEARTBEAT_S: '2', PART_SIZE_MIB: '5' },
    OS_IMPORT_FILTERING_OPTS__ALLOWED_PORTS: new URL(web.url).port,
  },
}));
let token: string;

beforeAll(() => {
  token = ferry.openstack.issueToken('demo');
});

const uploads = async () => (await ferry.traces.relay()).uploads.length;

/** A web-download from a page that sends a byte now and then after its first MiB. */
const startFromWeb = async () => {
  web.pages.set('/image', (response) => {
    response.writeHead(200, { 'content-length': 8 * MiB }).write(randomBytes(MiB));
    const drip = setInterval(() => response.write('x'), 100);
    response.on('close', () => clearInterval(drip));
  });
  const target = await ferry.openstack.regions.REGION2.createImage({ name: 'copy', ...formats });
  const body = { method: { name: 'web-download', uri: `${web.url}/image` } };
  const answer = await ferry.http('import-image', { method: 'POST', imageId: target.id, token, body });
  expect(answer).toMatchObject({ status: 201 });
  await expect.poll(uploads).toBe(1);
  return target.id;
};

/** An import whose source stands still after its first MiB. */
const start = async () => {
  const { REGION1, REGION2 } = ferry.openstack.regions;
  const source = await REGION1.createImage(formats, randomBytes(8 * MiB));
  const target = await REGION2.createImage({ name: 'copy', ...formats });
  REGION1.fault(source.id, { on: 'get-file', kind: 'stall-after', bytes: MiB, times: 9 });
  expect(await ferry.importFrom(source.id, target.id, token)).toMatchObject({ status: 201 });
  await expect.poll(uploads).toBe(1);
  return target.id;
};

const endOf = async (imageId: string) => {
  const read = async () => (await ferry.traces.items()).filter((item) => item['imageId'] === imageId);
  await expect.poll(async () => (await read()).length, { interval: 200 }).toBe(1);
  expect(await ferry.traces.relay()).toEqual({ objects: [], uploads: [] });
  return (await read())[0];
};

const call = (imageId: string, init: RequestInit, tail = '') =>
  fetch(`${ferry.openstack.regions.REGION2.url}/v2/images/${imageId}${tail}`, {
    ...init,
    headers: { 'x-auth-token': token, ...init.headers },
  });

test.each([
  ['a copy', start],
  ['a web-download that drips', startFromWeb],
])('%s whose target is deleted ends within heartbeats and frees everything', async (_, begin) => {
  const imageId = await begin();
  expect((await call(imageId, { method: 'DELETE' })).status).toBe(204);
  expect(await endOf(imageId)).toMatchObject({
    status: 'failure',
    message: `Image ${imageId} was deleted while its import ran`,
  });
});

test('a copy whose target gets other data from its owner ends, and the data stays', async () => {
  const imageId = await start();
  const headers = { 'content-type': 'application/octet-stream' };
  expect((await call(imageId, { method: 'PUT', headers, body: 'mine' }, '/file')).status).toBe(204);
  expect(await endOf(imageId)).toMatchObject({
    status: 'failure',
    message: `Image ${imageId} became active while its import ran: it takes no data any more`,
  });
  expect(ferry.openstack.regions.REGION2.image(imageId)).toMatchObject({ status: 'active', size: 4 });
});
