import { randomBytes } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { useFerry } from './use-ferry.ts';

const MiB = 1024 ** 2;
const formats = { disk_format: 'raw', container_format: 'bare' };

const ferry = useFerry({ env: { HEARTBEAT_S: '1', PART_SIZE_MIB: '5' } });
let token: string;

beforeAll(() => {
  token = ferry.openstack.issueToken('demo');
});

/** An import whose source stands still after its first MiB. */
const start = async () => {
  const { REGION1, REGION2 } = ferry.openstack.regions;
  const source = await REGION1.createImage(formats, randomBytes(8 * MiB));
  const target = await REGION2.createImage({ name: 'copy', ...formats });
  REGION1.fault(source.id, { on: 'get-file', kind: 'stall-after', bytes: MiB, times: 9 });
  expect(await ferry.importFrom(source.id, target.id, token)).toMatchObject({ status: 201 });
  const uploads = async () => (await ferry.traces.relay()).uploads.length;
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

test('a copy whose target is deleted ends within heartbeats and frees everything', async () => {
  const imageId = await start();
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
