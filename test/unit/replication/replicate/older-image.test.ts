import { describe, expect, test, vi } from 'vitest';
import type { Policy } from '../../../../lib/replication/policy/policy.ts';
import { policiesOf } from '../../../../lib/replication/replicate/policies.ts';
import { createReplicateImage } from '../../../../lib/replication/replicate/replicate-image.ts';
import type { ImageId, RegionName, TaskId } from '../../../../lib/schemas/ids.ts';
import { formats, useOpenStack } from '../../../cloud/openstack/use-openstack.ts';
import { cloudsOf } from '../clouds-of.ts';
import { dayMs, policy } from '../images.ts';
import { signal } from './messages.ts';

// A message about an image of which a newer one of its name, or of its instance, has been published.

const inUse = useOpenStack({ regions: ['REGION1', 'REGION2'] });
const [region1, region2] = ['REGION1', 'REGION2'] as const;
const region = (name: typeof region1 | typeof region2) => inUse().cloud.regions[name];

const attributes = { ...formats, owner: 'admin', visibility: 'public' };
const bytes = { status: 'active', size: 5, os_hash_algo: 'sha512' } as const;
const newSource = async (daysAgo: number, more: object) => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - daysAgo * dayMs });
  const { id, created_at } = await region(region1).createImage({ ...attributes, ...more });
  vi.useRealTimers();
  region(region1).change(id, { ...bytes, os_hash_value: `hash of ${id}` });
  return { id, created_at };
};

const newReplica = async (
  source: { readonly id: string; readonly created_at: string },
  name: string,
  more: object = {},
) => {
  const { id } = await region(region2).createImage({
    ...{ ...attributes, name, ferry_source_region: region1, ferry_source_id: source.id },
    ...{ ferry_source_hash: `sha512:hash of ${source.id}`, ferry_source_created_at: source.created_at },
    ...{ ferry_policy: 'nightly', ferry_family: name, ...more },
  });
  region(region2).change(id, { ...bytes, os_hash_value: `hash of ${source.id}` });
  return id;
};

const look = (sourceId: string, parts: Partial<Policy>) => {
  const nightly = policy({
    ...{ name: 'nightly', source: { region: region1 as RegionName } },
    ...{ targets: [{ region: region2 as RegionName, projects: {} }], ...parts },
  });
  return createReplicateImage({
    clouds: cloudsOf(inUse().cloud),
    policies: async () => policiesOf({ policies: [nightly], broken: [] }),
    claims: { holder: async () => undefined },
    tasks: { get: async () => undefined },
    requestReplica: async () => ({ taskId: 'new' as TaskId }),
  })(
    {
      replica: {
        source: { region: region1 as RegionName, imageId: sourceId as ImageId },
        region: region2 as RegionName,
        policy: 'nightly',
      },
    },
    { signal },
  );
};
const shown = (id: string) =>
  region(region2)
    .images()
    .find((image) => image.id === id);
const renaming: Partial<Policy> = {
  ...{ identity: 'name', onConflict: 'rename' },
  retirement: { ladder: ['hide'], isDeleteAllowed: false, oldName: '{name} ({date})', isForRemoved: false },
};

describe('an image whose successor is not there yet stays as people find it', () => {
  const changes: readonly [string, object, Partial<Policy>][] = [
    ['hidden', { os_hidden: true }, renaming],
    ['private', { visibility: 'private' }, renaming],
    ['renamed', { name: 'old' }, renaming],
    ['hidden', { os_hidden: true }, { identity: 'provenance' }],
    ['hidden', { os_hidden: true }, { ...renaming, set: { name: 'all' }, select: { names: ['all *'] } }],
  ];
  test.each(changes)('when it is %s in its own region', async (_, change, parts) => {
    const name = `${parts.set?.name ?? 'one'} ${JSON.stringify([change, parts]).length}`;
    const there = parts.set?.name ?? name;
    const older = await newSource(20, { name });
    const replica = await newReplica(older, there);
    const newer = await newSource(2, { name });
    region(region1).change(older.id, change);
    expect(await look(older.id, parts)).toMatchObject({ next: 'done' });
    expect(shown(replica)).toMatchObject({ name: there, visibility: 'public', os_hidden: false });

    // Its data is there, and nobody sees it yet.
    const successor = await newReplica(newer, there, { visibility: 'private' });
    await look(older.id, parts);
    expect(shown(replica)).toMatchObject({ name: there, visibility: 'public', os_hidden: false });

    region(region2).change(successor, { visibility: 'public' });
    await look(older.id, parts);
    expect(shown(replica)).not.toMatchObject({ name: there, visibility: 'public', os_hidden: false });
  });

  test('when it is a snapshot of the same instance', async () => {
    const instance = { image_type: 'snapshot', instance_uuid: '0b53b5a3-5b8a-4a5a-8c0d-31e9d0b8a4f7' };
    const older = await newSource(20, { name: 'first', ...instance });
    const replica = await newReplica(older, 'first', { ferry_family: instance.instance_uuid });
    await newSource(2, { name: 'second', ...instance });
    region(region1).change(older.id, { visibility: 'private' });
    await look(older.id, { identity: 'provenance' });
    expect(shown(replica)).toMatchObject({ visibility: 'public' });
  });
});

test('an image without a successor is hidden with its source, by a message about it', async () => {
  const older = await newSource(20, { name: 'alone' });
  const replica = await newReplica(older, 'alone');
  region(region1).change(older.id, { os_hidden: true });
  expect(await look(older.id, { identity: 'provenance' })).toMatchObject({ next: 'done' });
  expect(shown(replica)).toMatchObject({ os_hidden: true });
});

test('an image of which a newer one is published is not copied, though that is not there yet', async () => {
  const older = await newSource(20, { name: 'twice' });
  const { id } = await newSource(2, { name: 'twice' });
  expect(await look(older.id, renaming)).toMatchObject({
    next: 'left',
    reason: expect.stringContaining(`image ${id} of the same name is newer`),
  });
});

test.each(['error', 'keep', 'rename'] as const)(
  'an image whose import ends after that of a newer one of its name is not published beside it (%s)',
  async (onConflict) => {
    const name = `late ${onConflict}`;
    const older = await newSource(20, { name });
    const replica = await newReplica(older, name, { visibility: 'private' });
    const newer = await newReplica(await newSource(2, { name }), name);
    expect(await look(older.id, { ...renaming, onConflict })).toMatchObject({
      next: 'left',
      reason: expect.stringContaining(`replica ${newer} of a newer image has its name`),
    });
    expect(shown(replica)).toMatchObject({ visibility: 'private' });
    expect(shown(newer)).toMatchObject({ name, visibility: 'public', os_hidden: false });
  },
);
