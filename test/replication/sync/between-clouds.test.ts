import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { accountsOf } from '../../cloud/openstack/keystone/fixture.ts';
import { type SyncedClouds, startSyncedClouds } from './synced-clouds.ts';

const formats = { disk_format: 'raw', container_format: 'bare' };
const source = { region: 'REGION1' };
const projectOf = (cloud: string, user: string) => accountsOf(cloud).userNamed(user).project.id;
const projects = {
  [projectOf('', 'demo')]: projectOf('away', 'demo'),
  [projectOf('', 'other')]: projectOf('away', 'other'),
};

let clouds: SyncedClouds;
beforeAll(async () => {
  clouds = await startSyncedClouds({
    shared: {
      ...{ source, targets: [{ region: 'NORTH', projects }, { region: 'REGION2' }] },
      ...{ select: { visibility: ['shared'], names: ['shared *'] }, sync: { members: true } },
    },
    snapshots: {
      ...{ source, targets: [{ region: 'NORTH' }] },
      select: { snapshots: true, owners: [projectOf('', 'demo')] },
      ...{ sync: { visibility: 'private' }, retention: { last: 2 } },
      retirement: { ladder: ['delete'], allow_delete: true },
    },
  });
});
afterAll(() => clouds.stop());

const call = async (region: string, path: string, init: RequestInit = {}) => {
  const openstack = region === 'NORTH' ? clouds.away : clouds.ferry.openstack;
  const headers = { 'x-auth-token': openstack.issueToken('admin'), 'content-type': 'application/json' };
  const answer = await fetch(`${clouds.glance(region).url}/v2/images/${path}`, { ...init, headers });
  return (await answer.json().catch(() => ({}))) as Record<string, unknown>;
};
const share = (region: string, id: string, project: string) =>
  call(region, `${id}/members`, { method: 'POST', body: JSON.stringify({ member: project }) });
const membersOf = async (region: string, id = '') =>
  ((await call(region, `${id}/members`))['members'] as { member_id: string }[])
    .map(({ member_id }) => member_id)
    .sort();

test('members are the same in every region, by the ids that their projects have there', async () => {
  const image = { ...formats, name: 'shared a', owner: 'admin', visibility: 'shared' };
  const { id } = await clouds.glance('REGION1').createImage(image, 'bytes');
  await share('REGION1', id, projectOf('', 'demo'));
  await clouds.sync('shared');
  const [north] = await clouds.arrived('NORTH', 'shared ', 1);
  const [region2] = await clouds.arrived('REGION2', 'shared ', 1);
  await clouds.settled('shared');
  expect(await membersOf('NORTH', north?.id)).toEqual([projectOf('away', 'demo')]);
  expect(await membersOf('REGION2', region2?.id)).toEqual([projectOf('', 'demo')]);

  await share('REGION1', id, projectOf('', 'other'));
  await call('REGION1', `${id}/members/${projectOf('', 'demo')}`, { method: 'DELETE' });
  expect((await clouds.sync('shared')).regions).toMatchObject({
    ...{ NORTH: { updated: 1, failed: 0 }, REGION2: { updated: 1, failed: 0 } },
  });
  expect(await membersOf('NORTH', north?.id)).toEqual([projectOf('away', 'other')]);
  expect(await membersOf('REGION2', region2?.id)).toEqual([projectOf('', 'other')]);
  const again = Object.values((await clouds.sync('shared')).regions).map(({ updated }) => updated);
  expect(again).toEqual([0, 0]);
});

test('snapshots are kept elsewhere by a rotation of their own, without what Nova would trip over', async () => {
  const [one, other] = [randomUUID(), randomUUID()];
  const ofNova = (instance_uuid: string) => ({
    ...{ image_type: 'snapshot', instance_uuid, base_image_ref: randomUUID(), user_id: 'demo' },
    ...{ owner: 'demo', visibility: 'private', ...formats },
  });
  const snapshot = async (name: string, instance: string) => {
    await delay(1100); // the newest is found by whole seconds
    return (await clouds.glance('REGION1').createImage({ name, ...ofNova(instance) }, `bytes of ${name}`)).id;
  };
  const ids = [];
  for (const name of ['snap 1', 'snap 2', 'snap 3']) ids.push(await snapshot(name, one));
  const single = await snapshot('snap of another', other);
  const volume = {
    ...ofNova(other),
    name: 'snap of a volume',
    block_device_mapping: '[{"snapshot_id":"1"}]',
  };
  const { id: pointer } = await clouds.glance('REGION1').createImage(volume, '');

  const first = await clouds.sync('snapshots');
  expect(first.changes).toContainEqual(
    expect.objectContaining({ image: pointer, outcome: 'kept', reason: expect.stringContaining('volume') }),
  );
  for (const id of [...ids.slice(1), single]) await clouds.replica('NORTH', id);
  await clouds.settled('snapshots');
  const sourcesOf = async () =>
    (await clouds.images('NORTH', 'snap ')).map(({ ferry_source_id }) => ferry_source_id).sort();
  expect(await sourcesOf()).toEqual([ids[1], ids[2], single].sort());
  for (const image of await clouds.images('NORTH', 'snap ')) {
    expect(image.visibility).toBe('private');
    for (const name of ['instance_uuid', 'base_image_ref', 'user_id']) expect(image).not.toHaveProperty(name);
  }

  for (const id of ids.slice(0, 3)) await clouds.glance('REGION1').remove(id);
  await clouds.settled('snapshots');
  expect(await sourcesOf()).toEqual([ids[1], ids[2], single].sort());
  const newest = await snapshot('snap 4', one);
  await clouds.sync('snapshots');
  await clouds.replica('NORTH', newest);
  await clouds.settled('snapshots');
  expect(await sourcesOf()).toEqual([ids[2], newest, single].sort());
});
