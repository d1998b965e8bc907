import { randomUUID } from 'node:crypto';
import { beforeAll, test, vi } from 'vitest';
import { onAllInterfaces } from '../cloud/openstack/keystone/catalog.ts';
import { downloadOf, expectError, expectRefused } from './refusals.ts';
import { useFerry } from './use-ferry.ts';

// Small calls are tried four times, in a second and a half: these tests wait together.

const ferry = useFerry({ idle: ['stream-image', 'apply-metadata', 'fail-import'] });
let token: string;
let imageId: string;

beforeAll(async () => {
  token = ferry.openstack.issueToken('demo');
  imageId = (await ferry.openstack.regions.REGION2.createImage({ name: 'target', hw_mine: 'kept' })).id;
});

const refused = (body: object, message: string) =>
  expectRefused(ferry, { imageId, token, body }, { status: 503, message });

test.concurrent('a source whose Glance fails, again and again, is 503', async () => {
  const { REGION1 } = ferry.openstack.regions;
  const { id } = await REGION1.createImage({ disk_format: 'raw', container_format: 'bare' }, 'data');
  REGION1.fault(id, { kind: 'status', status: 500, on: 'get-image', times: 9 });
  await refused(downloadOf(id), `Failed to get image ${id} from ${REGION1.url}: HTTP 500`);
});

test.concurrent('a source whose region cannot be reached is 503', async () => {
  const url = 'http://127.0.0.1:1';
  ferry.openstack.keystone.addEndpoints(onAllInterfaces('image', 'CLOSED', url));
  const id = randomUUID();
  const message = `Failed to get image ${id} from ${url}: connect ECONNREFUSED ${new URL(url).host}`;
  await refused(downloadOf(id, { glance_region: 'CLOSED' }), message);
});

test.concurrent('a target whose Glance fails is 503', async () => {
  const { REGION2 } = ferry.openstack.regions;
  const { id } = await REGION2.createImage({ name: 'failing' });
  REGION2.fault(id, { kind: 'status', status: 502, on: 'get-image', times: 9 });
  const message = `Failed to get image ${id} from ${REGION2.url}: HTTP 502`;
  const request = { imageId: id, token, body: downloadOf(randomUUID()) };
  await expectRefused(ferry, request, { status: 503, message });
});

test('a Keystone that does not answer is 503', async () => {
  const authUrl = 'http://127.0.0.1:1/v3';
  vi.stubEnv('OS_AUTH_URL', authUrl);
  vi.resetModules();
  const message = 'The identity service cannot validate tokens at the moment.';
  expectError(await ferry.http('discovery', { method: 'GET', token }), { status: 503, message });
});
