import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { readInventory } from '../../../../lib/replication/inventory/read-inventory.ts';
import type { Policy } from '../../../../lib/replication/policy/policy.ts';
import { requestPolicy } from '../../../../lib/replication/policy/request-policy.ts';
import type { ImageId, RegionName } from '../../../../lib/schemas/ids.ts';
import { formats, useOpenStack } from '../../../cloud/openstack/use-openstack.ts';
import { cloudsOf } from '../clouds-of.ts';

const inUse = useOpenStack({ regions: ['REGION1', 'REGION2', 'REGION3'] });
const { signal } = new AbortController();
const [REGION1, REGION2, REGION3] = ['REGION1', 'REGION2', 'REGION3'] as RegionName[] as [
  RegionName,
  RegionName,
  RegionName,
];

const { select: _one, ...request } = requestPolicy({
  source: { region: REGION1, imageId: randomUUID() as ImageId },
  targets: [REGION2, REGION3].map((region) => ({ region, projects: {} })),
});
const policyOf = (more: Partial<Policy> = {}): Policy => ({
  ...{ ...request, name: 'nightly', select: { visibility: ['public'] } },
  ...more,
});
const read = (policy: Policy) => readInventory(cloudsOf(inUse().cloud), policy, { signal, atMs: Date.now() });

const region = (name: 'REGION1' | 'REGION2' | 'REGION3') => inUse().cloud.regions[name];
const marks = (sourceId: string) => ({ ferry_source_region: 'REGION1', ferry_source_id: sourceId });
const image = (more: object = {}) => ({ ...formats, owner: 'admin', visibility: 'public', ...more });
const idsOf = (images: readonly { readonly id: string }[] = []) => images.map(({ id }) => id).sort();

const made: [ReturnType<typeof region>, string][] = [];
const make = async (name: 'REGION1' | 'REGION2' | 'REGION3', more: object, data?: string) => {
  const { id } = await region(name).createImage(image(more), data);
  made.push([region(name), id]);
  return id;
};
afterEach(async () => {
  for (const [at, id] of made.splice(0)) if (at.image(id)) await at.remove(id);
  for (const name of ['REGION1', 'REGION2', 'REGION3'] as const) region(name).clearFaults();
});

test('it has the sources, hidden or not, and of the targets our replicas alone', async () => {
  const shown = await make('REGION1', { name: 'a' }, 'x');
  const hidden = await make('REGION1', { name: 'b', os_hidden: true }, 'x');
  await make('REGION1', { name: 'private', visibility: 'private' }, 'x');
  const replica = await make('REGION2', { name: 'a', ...marks(shown) }, 'x');
  const retired = await make('REGION2', { name: 'a', os_hidden: true, ...marks(randomUUID()) }, 'x');
  await make('REGION2', { name: 'a' }, 'x');
  await make('REGION2', { name: 'a', owner: 'demo', ...marks(shown) }, 'x');

  const { source, targets, owners, failed } = await read(policyOf());
  expect(idsOf(source)).toEqual([shown, hidden].sort());
  expect(idsOf(targets.get(REGION2))).toEqual([replica, retired].sort());
  expect(targets.get(REGION3)).toEqual([]);
  const { project } = inUse().cloud.keystone.accounts.userNamed('admin');
  expect([...owners]).toEqual([
    [REGION2, project.id],
    [REGION3, project.id],
  ]);
  expect(failed.size).toBe(0);
});

test('where names make a replica, it has who stands under the names of those that are missing', async () => {
  const there = await make('REGION1', { name: 'there' }, 'x');
  await make('REGION1', { name: 'missing' }, 'x');
  await make('REGION2', { name: 'there', ...marks(there) }, 'x');
  await make('REGION2', { name: 'there' }, 'x');
  const rival = await make('REGION2', { name: 'missing' }, 'x');
  const { targets } = await read(policyOf({ identity: 'name' }));
  expect(
    targets
      .get(REGION2)
      ?.filter(({ provenance }) => !provenance)
      .map(({ id }) => id),
  ).toEqual([rival]);
});

describe('where the policy gives replicas to a project', () => {
  const projectOf = (user: string) => inUse().cloud.keystone.accounts.userNamed(user).project.id;
  const given = (more: Partial<Policy> = {}) =>
    policyOf({
      ...{ targets: [{ region: REGION2, projects: { [projectOf('admin')]: projectOf('demo') } }] },
      ...more,
    });

  test('it has the images of that project that say they are some, and nobody else’s', async () => {
    const source = await make('REGION1', { name: 'a' }, 'x');
    const said = marks(source);
    const theirs = await make('REGION2', { owner: 'demo', visibility: 'private', ...said }, 'x');
    const community = await make('REGION2', { owner: 'demo', visibility: 'community', ...said }, 'x');
    const hidden = await make('REGION2', { owner: 'demo', os_hidden: true, ...said }, 'x');
    await make('REGION2', { owner: 'demo' }, 'x');
    await make('REGION2', { owner: 'other', ...said }, 'x');
    const { targets } = await read(given());
    expect(idsOf(targets.get(REGION2))).toEqual([theirs, community, hidden].sort());
  });

  test('it has the sources that these name, also where the policy is not for them any more', async () => {
    const hidden = await make('REGION1', { name: 'b', visibility: 'private', os_hidden: true }, 'y');
    const listed = await make('REGION1', { name: 'a' }, 'x');
    for (const said of [marks(hidden), marks(listed), marks(`${hidden},${listed}`)])
      await make('REGION2', { owner: 'demo', ...said }, 'y');
    region('REGION1').clearRequests();
    const { source } = await read(given());
    expect(idsOf(source)).toEqual([hidden, listed].sort());
    const paths = region('REGION1').requests();
    expect(paths.filter(({ path }) => path.includes('id=in')).length).toBeLessThanOrEqual(2);
  });

  test('one that only says it is a replica leaves the name to who has it', async () => {
    const source = await make('REGION1', { name: 'missing' }, 'x');
    await make('REGION2', { owner: 'demo', visibility: 'private', ...marks(source) }, 'forged');
    const rival = await make('REGION2', { name: 'missing', owner: 'other' }, 'y');
    const { targets } = await read(given({ identity: 'name' }));
    expect(idsOf(targets.get(REGION2))).toContain(rival);
  });
});

test('where ids make a replica, it has who has the ids of those that are missing', async () => {
  const id = await make('REGION1', { name: 'a' }, 'x');
  await make(
    'REGION2',
    { id, name: 'of somebody', owner: 'demo', visibility: 'private', os_hidden: true },
    'x',
  );
  const { targets } = await read(policyOf({ identity: 'id' }));
  expect(idsOf(targets.get(REGION2))).toEqual([id]);
});

test('members are asked for where the policy looks at them, of shared images that it is for', async () => {
  const select = { visibility: ['shared', 'public'], names: ['ours*'] } as const;
  const shared = await make('REGION1', { name: 'ours', visibility: 'shared' }, 'x');
  await make('REGION1', { name: 'ours too' }, 'x');
  await make('REGION1', { name: 'other', visibility: 'shared' }, 'x');
  const replica = await make('REGION2', { name: 'ours', visibility: 'shared', ...marks(shared) }, 'x');
  for (const [name, id] of [
    ['REGION1', shared],
    ['REGION2', replica],
  ] as const)
    await inUse().call(
      region(name),
      `${id}/members`,
      {
        ...{ method: 'POST', body: '{"member":"p1"}', headers: { 'content-type': 'application/json' } },
      },
      'admin',
    );

  const synced = { ...request.synced, members: true };
  region('REGION1').clearRequests();
  const { source, targets } = await read(policyOf({ select, synced }));
  expect(source.filter(({ members }) => members).map(({ id, members }) => [id, members])).toEqual([
    [shared, ['p1']],
  ]);
  expect(targets.get(REGION2)?.[0]?.members).toEqual(['p1']);
  expect(
    region('REGION1')
      .requests()
      .filter(({ path }) => path.includes('members')),
  ).toHaveLength(1);

  const without = await read(policyOf({ select }));
  expect(without.source.every(({ members }) => members === undefined)).toBe(true);
});

test('a region that cannot be read is told, and the others are read', async () => {
  const source = await make('REGION1', { name: 'a' }, 'x');
  const { targets, failed } = await read(
    policyOf({ targets: [REGION2, 'NOWHERE' as RegionName].map((name) => ({ region: name, projects: {} })) }),
  );
  expect([...targets.keys()]).toEqual([REGION2]);
  expect([...failed.keys()]).toEqual(['NOWHERE']);
  expect(failed.get('NOWHERE' as RegionName)).toContain('NOWHERE');
  expect(source).toBeTruthy();
});

test('of a source region that cannot be read nothing is known', async () => {
  const { source, targets, failed } = await read(policyOf({ source: { region: 'NOWHERE' as RegionName } }));
  expect({ source, targets: targets.size, failed: [...failed.keys()] }).toEqual({
    ...{ source: [], targets: 0, failed: ['NOWHERE'] },
  });
});

test('2000 images in sync take at most two requests for each page, and none for data', async () => {
  const pages = 2000 / 500;
  const active = { status: 'active', size: 1, os_hash_algo: 'sha512', os_hash_value: 'h' } as const;
  const withData = async (name: 'REGION1' | 'REGION2' | 'REGION3', attributes: object) => {
    const { id } = await region(name).createImage(image(attributes));
    region(name).change(id, active);
    return id;
  };
  const names = Array.from({ length: 2000 }, (_, i) => `image ${i}`);
  const sources = await Promise.all(
    names.map(async (name) => ({ name, id: await withData('REGION1', { name }) })),
  );
  for (const there of ['REGION2', 'REGION3'] as const)
    await Promise.all(sources.map(({ id, name }) => withData(there, { name, ...marks(id) })));
  for (const name of ['REGION1', 'REGION2', 'REGION3'] as const) region(name).clearRequests();
  for (const identity of ['provenance', 'name', 'id'] as const) {
    const { source, targets } = await read(policyOf({ identity }));
    expect([source.length, targets.get(REGION2)?.length, targets.get(REGION3)?.length]).toEqual([
      ...[2000, 2000, 2000],
    ]);
    for (const name of ['REGION1', 'REGION2', 'REGION3'] as const) {
      expect(region(name).requests().length).toBeLessThanOrEqual(2 * pages);
      expect(
        region(name)
          .requests()
          .filter(({ path }) => path.includes('/file')),
      ).toEqual([]);
      region(name).clearRequests();
    }
  }
});

test('of one image that a policy is asked for, it has the sources of those that have its name', async () => {
  const now = await make('REGION1', { name: 'nightly' }, 'x');
  const before = await make('REGION1', { name: 'nightly (old)' }, 'y');
  await make('REGION2', { name: 'nightly', ...marks(before) }, 'y');
  await make('REGION2', { name: 'nightly', ...marks(randomUUID()) }, 'z');
  const select = { imageId: now };
  const { source, failed } = await read(policyOf({ identity: 'name', select }));
  expect(idsOf(source)).toEqual([now, before].sort());
  expect(failed.size).toBe(0);
  const request = await read(policyOf({ identity: 'name', select, name: '' }));
  expect(idsOf(request.source)).toEqual([now]);
});
