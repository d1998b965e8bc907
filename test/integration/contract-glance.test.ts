import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import type { NewImage } from '../cloud/openstack/glance/prepared.ts';
import type { Ferry } from './ferry.ts';
import { expectNothingLeft } from './nothing-left.ts';
import { downloadOf, expectRefused, requestIdForm } from './refusals.ts';
import { useFerry } from './use-ferry.ts';

// API_CONTRACT=glance: what gophercloud and tempest expect of an upstream Glance.

const formats = { disk_format: 'raw', container_format: 'bare' };
const imageSizeCap = 1_000_000; // bytes

const env = { API_CONTRACT: 'glance', OS_DEFAULT__IMAGE_SIZE_CAP: `${imageSizeCap}` };
const ferry = useFerry({ env });
let token: string;

beforeAll(() => {
  token = ferry.openstack.issueToken('demo');
});

const source = async (image: NewImage = {}, data = 'data'): Promise<string> =>
  (await ferry.openstack.regions.REGION1.createImage({ ...formats, ...image }, data)).id;

const target = async (image: NewImage = { disk_format: 'iso', container_format: 'ovf' }): Promise<string> =>
  (await ferry.openstack.regions.REGION2.createImage({ name: 'target', hw_mine: 'kept', ...image })).id;

const post = (imageId: string, body: unknown) =>
  ferry.http('import-image', { method: 'POST', imageId, token, body });

/** Upstream's answer, to the letter. */
const expectAccepted = async (imageId: string, body: unknown): Promise<string> => {
  const answer = await post(imageId, body);
  expect(answer).toMatchObject({ status: 202, body: '' });
  expect(answer.headers).toEqual({
    'content-type': 'text/html; charset=UTF-8',
    'x-openstack-request-id': expect.stringMatching(requestIdForm),
  });
  return String(answer.headers['x-openstack-request-id']);
};

test.each([undefined, '*/*', 'text/html'])('an error is a page of HTML for Accept: %s', async (accept) => {
  const request = { method: 'POST', imageId: await target({}), token, body: downloadOf(randomUUID()) };
  const answer = await ferry.http('import-image', { ...request, ...(accept && { headers: { accept } }) });
  expect(answer).toMatchObject({ status: 409, headers: { 'content-type': 'text/html; charset=UTF-8' } });
  // As the real one writes it, to the last line end.
  expect(answer.body).toBe(
    '<html>\n <head>\n  <title>409 Conflict</title>\n </head>\n <body>\n  <h1>409 Conflict</h1>\n' +
      '  &#x27;container_format&#x27; needs to be set before import<br /><br />\n\n\n\n </body>\n</html>',
  );
});

test('an import is 202 with an empty body, and its task has the id of the request', async () => {
  const imageId = await target();
  const requestId = await expectAccepted(imageId, downloadOf(await source({ hw_disk_bus: 'scsi' })));
  expect(await ferry.finished(imageId, token)).toMatchObject({ status: 'success', request_id: requestId });
  const copy = { status: 'active', size: 4, ...formats, hw_disk_bus: 'scsi', hw_mine: 'kept' };
  expect(ferry.openstack.regions.REGION2.image(imageId)).toMatchObject(copy);
});

test('an import with a token of its own for the source is 202 as well, and goes with both', async () => {
  const imageId = await target();
  const id = await source({ owner: 'other', visibility: 'private' });
  const headers = { 'x-source-auth-token': ferry.openstack.issueToken('other') };
  const request = { method: 'POST', imageId, token, headers, body: downloadOf(id) };
  expect(await ferry.http('import-image', request)).toMatchObject({ status: 202, body: '' });
  expect(await ferry.finished(imageId, token)).toMatchObject({ status: 'success' });
});

describe('what is wrong with the source stands in the task alone', () => {
  const changed = async (attributes: Parameters<Ferry['openstack']['regions']['REGION1']['change']>[1]) => {
    const id = await source();
    ferry.openstack.regions.REGION1.change(id, attributes);
    return downloadOf(id);
  };
  const tooLarge = async () => {
    const bytes = { size: imageSizeCap + 1, seed: 1 };
    return downloadOf((await ferry.openstack.regions.REGION1.madeUpImage(formats, bytes)).id);
  };
  const notFound = /^Source image [0-9a-f-]{36} was not found in region REGION1$/;

  test.each<[what: string, body: () => Promise<object>, reason: RegExp]>([
    [
      'an unknown region',
      async () => downloadOf(await source(), { glance_region: 'NOWHERE' }),
      /^public glance endpoint not found for region NOWHERE$/,
    ],
    [
      'an unknown interface',
      async () => downloadOf(await source(), { glance_service_interface: 'publicURL' }),
      /^publicURL glance endpoint not found for region REGION1$/,
    ],
    ['a missing image', async () => downloadOf(randomUUID()), notFound],
    [
      "another project's",
      async () => downloadOf(await source({ owner: 'other', visibility: 'private' })),
      notFound,
    ],
    [
      'a queued image',
      () => changed({ status: 'queued' }),
      /^Source image status should be active instead of queued$/,
    ],
    [
      'a deactivated image',
      () => changed({ status: 'deactivated' }),
      /^Source image status should be active instead of deactivated$/,
    ],
    [
      'an image of unknown size',
      () => changed({ size: null }),
      /^Size attribute of remote image .* determined\.$/,
    ],
    ['an image that is too large', tooLarge, /1000001 bytes exceed image_size_cap, 1000000 bytes$/],
    [
      'a snapshot of a volume',
      async () => downloadOf(await source({ block_device_mapping: '[]' }, '')),
      /is a snapshot of a volume and has no data/,
    ],
    ['wrong bytes', () => changed({ os_hash_value: '0'.repeat(128) }), /the source's record says 0{128}$/],
  ])('%s: 202, failure with the reason, target as before and free', async (_, body, reason) => {
    const imageId = await target();
    const before = ferry.openstack.regions.REGION2.image(imageId);
    await expectAccepted(imageId, await body());

    const failure = { status: 'failure', message: expect.stringMatching(reason), result: null };
    expect(await ferry.finished(imageId, token)).toMatchObject(failure);
    // The rights were asked for by giving the name to itself, which sets the time.
    const updated_at = expect.any(String);
    expect(ferry.openstack.regions.REGION2.image(imageId)).toEqual({ ...before, updated_at });
    await expectNothingLeft(ferry);
  });

  test('a second import of the same image works', async () => {
    const imageId = await target();
    await expectAccepted(imageId, await changed({ os_hash_value: '0'.repeat(128) }));
    expect(await ferry.finished(imageId, token)).toMatchObject({ status: 'failure' });
    await expectNothingLeft(ferry);
    await expectAccepted(imageId, downloadOf(await source()));
    expect(await ferry.finished(imageId, token)).toMatchObject({ status: 'success' });
    expect(ferry.openstack.regions.REGION2.image(imageId)).toMatchObject({ status: 'active', ...formats });
  });
});

describe('what is wrong with the request is answered as in the other contract', () => {
  const refused = async (image: NewImage, body: unknown, status: number, message: string) =>
    expectRefused(
      ferry,
      { imageId: await target(image), token, body, headers: { accept: 'application/json' } },
      { status, message },
    );
  const notSet = (name: string) => `'${name}' needs to be set before import`;

  test('a target without formats is 409, the container first', async () => {
    const body = downloadOf(await source());
    await refused({}, body, 409, notSet('container_format'));
    await refused({ disk_format: 'raw' }, body, 409, notSet('container_format'));
    await refused({ container_format: 'bare' }, body, 409, notSet('disk_format'));
    await refused({}, { method: { name: 'glance-download' } }, 409, notSet('container_format'));
  });

  test('an id that is no UUID is 400, as tempest looks for it', () =>
    refused(formats, downloadOf('bad-uuid'), 400, 'Remote image id does not look like a UUID: bad-uuid'));

  test('an unknown method is 400', () =>
    refused({}, { method: { name: 'foo' } }, 400, "Unknown import method name 'foo'."));

  test('a web-download that does not pass the filter is 400', () =>
    refused(
      formats,
      { method: { name: 'web-download', uri: 'ftp://127.0.0.1/image' } },
      400,
      'URI for web-download does not pass filtering: ftp://127.0.0.1/image',
    ));
});
