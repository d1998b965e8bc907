import { expect, test } from 'vitest';
import { type Catalog, imageEndpoint } from '../../../lib/openstack/catalog.ts';
import { formats, hello, useOpenStack } from './use-openstack.ts';

const names = ['REGION1', 'Region Süd-West', 'eu.central/1', '..', '日本', 'régiøn'] as const;
const use = useOpenStack({ regions: names });

const catalog = async (): Promise<Catalog> => {
  const token = use().cloud.issueToken('demo');
  const headers = { 'X-Auth-Token': token, 'X-Subject-Token': token };
  const answer = await fetch(`${use().cloud.authUrl}/auth/tokens`, { headers });
  return ((await answer.json()) as { token: { catalog: Catalog } }).token.catalog;
};
const listed = async (region: string, on: string) =>
  imageEndpoint(await catalog(), { region, interface: on });

test.for(names)('the catalog lists the Glance of region %j', async (name) => {
  expect(await listed(name, 'public')).toBe(use().cloud.regions[name].url);
  const identity = (await catalog()).find(({ type }) => type === 'identity');
  expect(identity?.endpoints.map(({ region }) => region)).toContain(name);
});

test('the same id is another image in each region', async () => {
  const { REGION1, 日本: japan } = use().cloud.regions;
  const { id } = await REGION1.createImage({ ...formats, name: 'one' }, hello);
  await japan.createImage({ ...formats, id, name: 'other' }, 'other');
  expect((await use().download(REGION1, id)).toString()).toBe('hello world');
  expect((await use().download(japan, id)).toString()).toBe('other');
  expect(use().cloud.region('..').image(id)).toBeUndefined();
});

test('a region that there is not is named, with those there are', () => {
  expect(() => use().cloud.region('region1')).toThrow(
    'no region region1; there are REGION1, Region Süd-West',
  );
});

test('a region may have another public image endpoint than Glance itself, and none on an interface', async () => {
  const { cloud } = use();
  const ours = 'http://127.0.0.1:9/regions/r%C3%A9gi%C3%B8n';
  cloud.setImageEndpoints('régiøn', { public: ours, admin: null });
  const on = (name: string) => listed('régiøn', name);
  const real = cloud.regions['régiøn'].url;
  expect([await on('public'), await on('internal'), await on('admin')]).toEqual([ours, real, undefined]);
  expect(await listed('REGION1', 'public')).toBe(cloud.regions.REGION1.url);
});
