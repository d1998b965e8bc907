import { randomUUID } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { NewImage } from '../cloud/openstack/glance/prepared.ts';
import type { BaseAttributes } from '../cloud/openstack/glance/record.ts';
import { downloadOf, expectRefused } from './refusals.ts';
import { useFerry } from './use-ferry.ts';

const openstack = { glance: { REGION2: { furtherStores: ['s3'] } } };
const ferry = useFerry({ openstack, idle: ['stream-image', 'apply-metadata', 'fail-import'] });
let token: string;
let sourceId: string;

beforeAll(async () => {
  token = ferry.openstack.issueToken('demo');
  const formats = { disk_format: 'raw', container_format: 'bare' };
  sourceId = (await ferry.openstack.regions.REGION1.createImage(formats, 'data')).id;
});

const target = async (image: NewImage = {}, attributes: Partial<BaseAttributes> = {}): Promise<string> => {
  const { REGION2 } = ferry.openstack.regions;
  const { id } = await REGION2.createImage({ name: 'target', hw_mine: 'kept', ...image });
  if (Object.keys(attributes).length > 0) REGION2.change(id, attributes);
  return id;
};

const refused = (imageId: string, status: number, message: string, body: unknown = downloadOf(sourceId)) =>
  expectRefused(ferry, { imageId, token, body }, { status, message });

const notFound = (id: string) => `No image found with ID ${id}`;
const active = 'Image with status active cannot be target for import';
const notQueued = (method = 'glance-download') =>
  `Image needs to be in 'queued' state to use '${method}' method`;

describe('the target', () => {
  test('that does not exist is 404', async () => {
    const id = randomUUID();
    await refused(id, 404, notFound(id));
  });

  test('whose id is no UUID is 404', () => refused('not-a-uuid', 404, notFound('not-a-uuid')));

  test('of another project is 404, private and shared alike', async () => {
    for (const visibility of ['private', 'shared']) {
      const id = await target({ owner: 'other', visibility });
      await refused(id, 404, notFound(id));
    }
  });

  test('of another project that everybody sees is 403', async () => {
    for (const visibility of ['community', 'public'])
      await refused(await target({ owner: 'other', visibility }), 403, 'You do not own this image');
  });

  test('that Glance does not let the caller modify is 403: a reader under the secure policy', async () => {
    const id = await target();
    const refusal = { kind: 'status', status: 403 } as const;
    for (const on of ['delete-tag', 'patch'] as const)
      ferry.openstack.regions.REGION2.fault(id, { ...refusal, on });
    await refused(id, 403, 'Forbidden');
  });

  describe('before whose Glance a proxy lets no DELETE through (405)', () => {
    const behindProxy = async () => {
      const id = await target();
      ferry.openstack.regions.REGION2.fault(id, { kind: 'status', status: 405, on: 'delete-tag' });
      return id;
    };

    test('is taken: who may modify it is asked in another way', async () =>
      expect(await ferry.importFrom(sourceId, await behindProxy(), token)).toMatchObject({ status: 201 }));

    test('is 403 in Glance’s words for who may not modify it', async () => {
      const id = await behindProxy();
      ferry.openstack.regions.REGION2.fault(id, { kind: 'status', status: 403, on: 'patch' });
      await refused(id, 403, 'Forbidden');
    });
  });

  test('is as it was until its import begins, down to the time of its last change', async () => {
    const id = await target();
    const before = ferry.openstack.regions.REGION2.image(id);
    expect(await ferry.importFrom(sourceId, id, token)).toMatchObject({ status: 201 });
    expect(ferry.openstack.regions.REGION2.image(id)).toEqual(before);
  });

  test('that is active is 409', async () => refused(await target({}, { status: 'active' }), 409, active));

  test.each(['saving', 'importing', 'deactivated'] as const)('that is %s is 409', async (status) =>
    refused(await target({}, { status }), 409, notQueued()),
  );

  test('that is not queued is 409 for a web-download by its own name', async () => {
    const body = { method: { name: 'web-download', uri: 'http://8.8.8.8/image' } };
    await refused(await target({}, { status: 'saving' }), 409, notQueued('web-download'), body);
  });

  describe('that an import of Glance’s own holds, and is still queued', () => {
    const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
    const locked = async (task?: { readonly status: string; readonly updated_at: string }) => {
      const id = await target();
      ferry.openstack.regions.REGION2.lock(id, 'of-glance');
      if (task) ferry.openstack.regions.REGION2.addTask(id, { id: 'of-glance', ...task });
      return id;
    };

    test.each([
      ['pending', 119],
      ['processing', 59],
    ])('is 409 while its task is %s, after %i minutes of silence, too', async (status, minutes) =>
      // The real one writes no zone.
      refused(
        await locked({ status, updated_at: ago(minutes).replace('Z', '000') }),
        409,
        'Image has active task',
      ),
    );

    test('is 409 when its task is not the caller’s to see', async () =>
      refused(await locked(), 409, 'Image has active task'));

    test.each([
      ['pending', 121],
      ['processing', 61],
      ['failure', 0],
    ])('is taken when its task is %s for %i minutes', async (status, minutes) => {
      const id = await locked({ status, updated_at: ago(minutes).replace('Z', '000') });
      expect(await ferry.importFrom(sourceId, id, token)).toMatchObject({ status: 201 });
    });

    test('is not looked at before the owner', async () => {
      const id = await target({ owner: 'other', visibility: 'community' });
      ferry.openstack.regions.REGION2.lock(id, 'of-glance');
      await refused(id, 403, 'You do not own this image');
    });

    test('gets no properties from apply-metadata alone', async () => {
      const input = { image_id: await locked(), token, glance_region: 'REGION1', glance_image_id: sourceId };
      await expect(ferry.invoke('apply-metadata', input)).rejects.toThrow('Image has active task');
    });
  });

  test('that was deleted is 404', async () => {
    const id = await target();
    const { url } = ferry.openstack.regions.REGION2;
    await fetch(`${url}/v2/images/${id}`, { method: 'DELETE', headers: { 'x-auth-token': token } });
    await refused(id, 404, notFound(id));
  });
});

describe('of two faults the caller is told the one that Glance finds first', () => {
  const body = (fields: Record<string, unknown>) => ({ ...downloadOf(sourceId), ...fields });
  const noRegion = { name: 'glance-download', glance_image_id: 'not-a-uuid' };

  test('a token that is not valid before malformed JSON', async () => {
    const message = 'The request you have made requires authentication.';
    const request = { imageId: await target(), token: 'wrong', body: '{' };
    await expectRefused(ferry, request, { status: 401, message });
  });

  test('the method before all_stores_must_succeed before all_stores', async () => {
    const wrong = { all_stores: 'x', all_stores_must_succeed: 'x' };
    const id = await target();
    await refused(id, 400, "Unknown import method name 'foo'.", body({ ...wrong, method: { name: 'foo' } }));
    await refused(id, 400, "'all_stores_must_succeed' must be boolean value only", body(wrong));
  });

  test('the body before the target: nothing is asked of the target for a bad body', async () => {
    const id = randomUUID();
    ferry.openstack.regions.REGION2.clearRequests();
    await refused(id, 400, "Unknown import method name 'foo'.", { method: { name: 'foo' } });
    await refused(id, 400, "'all_stores' must be boolean value only", body({ all_stores: 1 }));
    expect(ferry.openstack.regions.REGION2.requests()).toEqual([]);
  });

  test('a missing target before missing fields', async () => {
    const id = randomUUID();
    await refused(id, 404, notFound(id), { method: noRegion });
  });

  test("the target's status before missing fields", async () => {
    await refused(await target({}, { status: 'active' }), 409, active, { method: noRegion });
    await refused(await target({}, { status: 'importing' }), 409, notQueued(), { method: noRegion });
  });

  test("the region before the image's id, and both before the target's owner", async () => {
    const id = await target({ owner: 'other', visibility: 'community' });
    await refused(id, 400, "'glance_region' needs to be set for glance-download import method", {
      method: noRegion,
    });
    await refused(id, 400, 'Remote image id does not look like a UUID: x', downloadOf('x'));
  });

  test("the target's owner before the stores and the source", async () => {
    const id = await target({ owner: 'other', visibility: 'community' });
    const wrong = { ...downloadOf(randomUUID()), all_stores: true };
    await refused(id, 403, 'You do not own this image', wrong);
  });

  test('stores before the source', async () => {
    const message = 'The image goes to the default store, others cannot be chosen here (got all_stores)';
    await refused(await target(), 400, message, { ...downloadOf(randomUUID()), all_stores: true });
  });
});

describe('while an import of the target runs', () => {
  let id: string;
  beforeEach(async () => {
    id = await target();
    expect(await ferry.importFrom(sourceId, id, token)).toMatchObject({ status: 201 });
  });

  test('another request is 409 and changes nothing of the first', () =>
    refused(id, 409, 'Image has active task'));

  test('another request in another spelling of the id is 409 too', () =>
    refused(id.replaceAll('-', '').toUpperCase(), 409, 'Image has active task'));

  test('the fields are looked at first, the stores afterwards', async () => {
    await refused(id, 400, 'Remote image id does not look like a UUID: x', downloadOf('x'));
    await refused(id, 409, 'Image has active task', { ...downloadOf(sourceId), stores: ['s3'] });
  });

  test('the same source goes to another target', async () => {
    expect(await ferry.importFrom(sourceId, await target(), token)).toMatchObject({ status: 201 });
  });
});
