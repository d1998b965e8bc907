import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import type { NewImage } from '../cloud/openstack/glance/prepared.ts';
import { onAllInterfaces } from '../cloud/openstack/keystone/catalog.ts';
import { downloadOf, expectRefused } from './refusals.ts';
import { useFerry } from './use-ferry.ts';

const imageSizeCap = 1_000_000; // bytes
const formats = { disk_format: 'raw', container_format: 'bare' };

const env = { OS_DEFAULT__IMAGE_SIZE_CAP: `${imageSizeCap}` };
const ferry = useFerry({ env, idle: ['stream-image', 'apply-metadata', 'fail-import'] });
let token: string;
let imageId: string;

beforeAll(async () => {
  token = ferry.openstack.issueToken('demo');
  imageId = await target();
});

const target = async (): Promise<string> =>
  (await ferry.openstack.regions.REGION2.createImage({ name: 'target', hw_mine: 'kept' })).id;

const source = async (image: NewImage = {}, data: string | undefined = 'data'): Promise<string> =>
  (await ferry.openstack.regions.REGION1.createImage({ ...formats, ...image }, data)).id;

const refused = (body: object, message: string, status = 400) =>
  expectRefused(ferry, { imageId, token, body }, { status, message });

const taskOf = async (body: object, asToken = token) => {
  const request = { method: 'POST', imageId: await target(), token: asToken, body };
  const { status, json } = await ferry.http('import-image', request);
  expect({ status, task: json['status'] }).toEqual({ status: 201, task: 'pending' });
  return json;
};

const accepted = async (body: object, asToken = token): Promise<void> => void (await taskOf(body, asToken));

describe('a source that cannot be copied is 400 with the reason', () => {
  const notFound = (id: string) => `Source image ${id} was not found in region REGION1`;
  const notActive = (status: string) => `Source image status should be active instead of ${status}`;

  test('it does not exist', async () => {
    const id = randomUUID();
    await refused(downloadOf(id), notFound(id));
  });

  test("it is another project's, which Glance does not tell from one that does not exist", async () => {
    const id = await source({ owner: 'other', visibility: 'private' });
    await refused(downloadOf(id), notFound(id));
  });

  test('it has no data yet', async () => {
    const { id } = await ferry.openstack.regions.REGION1.createImage(formats);
    await refused(downloadOf(id), notActive('queued'));
  });

  test.each(['saving', 'importing', 'deactivated'] as const)('it is %s', async (status) => {
    const id = await source();
    ferry.openstack.regions.REGION1.change(id, { status });
    await refused(downloadOf(id), notActive(status));
  });

  test('its size is not known', async () => {
    const id = await source();
    ferry.openstack.regions.REGION1.change(id, { size: null });
    await refused(downloadOf(id), `Size attribute of remote image ${id} could not be determined.`);
  });

  test('it is the snapshot of a volume, a record without data', async () => {
    const id = await source({ block_device_mapping: '[{"snapshot_id": "x"}]' }, '');
    const reason = 'is a snapshot of a volume and has no data (block_device_mapping)';
    await refused(downloadOf(id), `Source image ${id} ${reason}`);
  });

  test.each([
    [401, 'Region REGION1 does not accept the token of this import'],
    [403, 'Source image ID of region REGION1: Forbidden'],
  ])('its Glance answers %d', async (status, message) => {
    const id = await source();
    ferry.openstack.regions.REGION1.fault(id, { kind: 'status', status, on: 'get-image' });
    await refused(downloadOf(id), message.replace('ID', id));
  });

  test('it is the target itself', () =>
    refused(downloadOf(imageId, { glance_region: 'REGION2' }), notActive('queued')));
});

test('a source larger than image_size_cap is 413', async () => {
  const size = imageSizeCap + 1;
  const { id } = await ferry.openstack.regions.REGION1.madeUpImage(formats, { size, seed: 1 });
  const message = `Source image of ${size} bytes exceeds image_size_cap, ${imageSizeCap} bytes`;
  await refused(downloadOf(id), message, 413);
});

describe('the same source', () => {
  let id: string;
  beforeAll(async () => {
    id = await source();
  });

  // All that Python's uuid.UUID() takes, since that is Glance's check.
  test.each<[spelling: string, spelled: (id: string) => string]>([
    ['upper case', (id) => id.toUpperCase()],
    ['no dashes', (id) => id.replaceAll('-', '')],
    ['braces', (id) => `{${id}}`],
    ['a URN', (id) => `urn:uuid:${id}`],
    ['half a URN', (id) => `uuid:${id}`],
    ['a URN in braces', (id) => `{urn:uuid:${id}}`],
    ['dashes anywhere', (id) => id.replaceAll('-', '').replace(/(..)/g, '$1-')],
  ])('by an id with %s', async (_, spelled) => {
    const { input } = await taskOf(downloadOf(spelled(id)));
    expect(input).toMatchObject({ import_req: { method: { glance_image_id: id } } });
  });

  test.each(['region1', 'Region1', 'REGION1'])('by its region as %s', (glance_region) =>
    accepted(downloadOf(id, { glance_region })),
  );

  test.each(['public', 'internal', 'admin', null])('by its interface %s', (glance_service_interface) =>
    accepted(downloadOf(id, { glance_service_interface })),
  );

  test.each(['/', '//', '/v2', '/v2/', '/v2.17'])('by a catalog that ends in %s', async (tail) => {
    const region = `ENDS-IN-${tail}`;
    const url = `${ferry.openstack.regions.REGION1.url}${tail}`;
    ferry.openstack.keystone.addEndpoints(onAllInterfaces('image', region, url));
    await accepted(downloadOf(id, { glance_region: region }));
  });

  test.each<[what: string, fields: object]>([
    ['all_stores_must_succeed: false, as clients send it', { all_stores_must_succeed: false }],
    ['all_stores: false', { all_stores: false }],
    ['no stores', { stores: [] }],
    ['the default store', { stores: ['files'] }],
    ['all stores, of which there is one', { all_stores: true }],
    ['unknown keys', { extra: { deep: ['x'] }, os_glance_x: 1 }],
    ['60 kB of unknown keys', { extra: 'x'.repeat(60_000) }],
  ])('with %s', (_, fields) => accepted({ ...downloadOf(id), ...fields }));

  test('for a reader, whom the default policy lets import', () =>
    accepted(downloadOf(id), ferry.openstack.issueToken('reader')));

  test("for an admin, also to another project's target", () =>
    accepted(downloadOf(id), ferry.openstack.issueToken('admin')));

  test('that another project owns and everybody sees', async () => {
    await accepted(downloadOf(await source({ owner: 'other', visibility: 'community' })));
  });

  test('that is shared with the project', async () => {
    const shared = await source({ owner: 'other', visibility: 'shared' });
    const { url } = ferry.openstack.regions.REGION1;
    const { owner } = await taskOf(downloadOf(id));
    await fetch(`${url}/v2/images/${shared}/members`, {
      method: 'POST',
      headers: { 'x-auth-token': ferry.openstack.issueToken('other'), 'content-type': 'application/json' },
      body: JSON.stringify({ member: owner }),
    });
    await accepted(downloadOf(shared));
  });
});
