import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { expectRefused } from './refusals.ts';
import { useFerry } from './use-ferry.ts';

// A region whose operator has switched every import method off, web-download with them.

const openstack = { glance: { REGION2: { importMethods: [] } } };
const ferry = useFerry({ openstack, idle: ['stream-image', 'apply-metadata', 'fail-import'] });
let token: string;
const web = { method: { name: 'web-download', uri: 'http://8.8.8.8/' } };

beforeAll(() => {
  token = ferry.openstack.issueToken('demo');
});

test('web-download stays off: it is 400 before the target is looked at, and before the rest of the body', async () => {
  const refusal = { status: 400, message: "Unknown import method name 'web-download'." };
  await expectRefused(ferry, { imageId: randomUUID(), token, body: web }, refusal);
  await expectRefused(ferry, { imageId: randomUUID(), token, body: { ...web, all_stores: 1 } }, refusal);
  const paths = ferry.openstack.regions.REGION2.requests().map(({ path }) => path);
  expect(paths).toEqual(['/v2/info/import']);
});

test('what is advertised is what is answered: glance-download, which nobody has to enable there', async () => {
  const { json } = await ferry.http('discovery', { method: 'GET', token });
  expect(json).toMatchObject({ 'import-methods': { value: ['glance-download'] } });
  const { REGION1, REGION2 } = ferry.openstack.regions;
  const source = await REGION1.createImage({ disk_format: 'raw', container_format: 'bare' }, 'data');
  const { id } = await REGION2.createImage({});
  REGION2.clearRequests();
  expect(await ferry.importFrom(source.id, id, token)).toMatchObject({ status: 201 });
  // No look at the methods makes it slower: the image, and the right to modify it.
  const asked = REGION2.requests().map(({ method }) => method);
  expect(asked.toSorted()).toEqual(['DELETE', 'GET']);
});
