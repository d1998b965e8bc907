import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { ImageView } from '../../cloud/openstack/glance/record.ts';
import { accountsOf } from '../../cloud/openstack/keystone/fixture.ts';
import { lambdaContext } from '../../integration/lambda.ts';
import { loadHandler } from '../../integration/pollers.ts';
import { type SyncedClouds, startSyncedClouds } from './synced-clouds.ts';

const formats = { disk_format: 'raw', container_format: 'bare' };
const projectOf = (cloud: string, user: string) => accountsOf(cloud).userNamed(user).project.id;
const theirs = projectOf('away', 'demo');

let clouds: SyncedClouds;
beforeAll(async () => {
  clouds = await startSyncedClouds({
    given: {
      source: { region: 'REGION1' },
      targets: [{ region: 'NORTH', projects: { [projectOf('', 'demo')]: theirs } }, { region: 'REGION2' }],
      ...{ select: { visibility: ['public'], names: ['given *'] }, on_conflict: 'rename' },
      retirement: { ladder: ['hide'], removed: 'retire' },
    },
  });
});
afterAll(() => clouds.stop());

const asDemoOfNorth = async (method: string, path: string, body: string, type: string) => {
  const headers = { 'x-auth-token': clouds.away.issueToken('demo'), 'content-type': type };
  const answer = await fetch(`${clouds.glance('NORTH').url}/v2/images${path}`, { method, headers, body });
  expect(answer.ok).toBe(true);
  return (await answer.json().catch(() => ({}))) as ImageView;
};

/** What a user of the other project has made to look like a replica. */
const forge = async (sourceId: string): Promise<ImageView> => {
  const marks = {
    ...{ ferry_source_region: 'REGION1', ferry_source_id: sourceId, ferry_policy: 'given' },
    ...{ ferry_family: 'given a', ferry_source_created_at: '2099-01-01T00:00:00Z' },
  };
  const record = JSON.stringify({ ...formats, ...marks, name: 'forged', visibility: 'private' });
  const { id } = await asDemoOfNorth('POST', '', record, 'application/json');
  await asDemoOfNorth('PUT', `/${id}/file`, 'other bytes', 'application/octet-stream');
  const made = clouds.glance('NORTH').image(id);
  if (!made) throw new Error('it was not made');
  return made;
};

const create = (name: string, owner: string, bytes: string) =>
  clouds.glance('REGION1').createImage({ ...formats, name, owner, visibility: 'public' }, bytes);

test('a replica belongs to the project of its source’s owner, and a forged one of that project is left alone', async () => {
  const { id } = await create('given a', 'demo', 'bytes of a');
  await create('given b', 'admin', 'bytes of b');
  const forged = await forge(id);
  await clouds.sync('given');
  await clouds.arrived('NORTH', 'given ', 2);
  await clouds.arrived('REGION2', 'given ', 2);
  const last = await clouds.settled('given');

  const [a, b] = await clouds.images('NORTH', 'given ');
  expect(a).toMatchObject({ owner: theirs, visibility: 'public', ferry_source_id: id });
  expect(await text(clouds.glance('NORTH').read(a?.id ?? ''))).toBe('bytes of a');
  expect(b).toMatchObject({ owner: projectOf('away', 'admin'), visibility: 'public' });
  for (const { owner } of await clouds.images('REGION2', 'given '))
    expect(owner).toBe(projectOf('', 'admin'));

  expect(clouds.glance('NORTH').image(forged.id)).toEqual(forged);
  expect(last.changes).toEqual([
    expect.objectContaining({
      ...{ region: 'NORTH', image: forged.id, kind: 'skip', outcome: 'kept' },
      reason: `image ${forged.id} of project ${theirs} says that it is a replica of ${id}, and does not have its bytes`,
    }),
  ]);
  const nothing = { copied: 0, updated: 0, retired: 0, failed: 0 };
  expect((await clouds.sync('given')).regions).toMatchObject({
    NORTH: { ...nothing, kept: 1 },
    REGION2: nothing,
  });
});

test('its successor takes its place, and is given as well; what its project writes on it is put right', async () => {
  const [old] = await clouds.images('NORTH', 'given a');
  const patch = JSON.stringify([
    { op: 'add', path: '/ferry_source_hash', value: 'sha512:other' },
    { op: 'add', path: '/os_distro', value: 'theirs' },
  ]);
  const patchType = 'application/openstack-images-v2.1-json-patch';
  await asDemoOfNorth('PATCH', `/${old?.id}`, patch, patchType);
  expect((await clouds.settled('given')).regions['NORTH']).toMatchObject({ failed: 0 });
  expect(clouds.glance('NORTH').image(old?.id ?? '')).toMatchObject({
    ferry_source_hash: old?.['ferry_source_hash'],
  });
  expect(clouds.glance('NORTH').image(old?.id ?? '')).not.toHaveProperty('os_distro');

  await new Promise((resolve) => setTimeout(resolve, 1100)); // the newest is found by whole seconds
  const { id } = await create('given a', 'demo', 'newer bytes of a');
  await clouds.sync('given');
  await clouds.replica('NORTH', id);
  await clouds.settled('given');
  const images = await clouds.images('NORTH', 'given a');
  const successor = images.find(({ ferry_source_id }) => ferry_source_id === id);
  expect(successor).toMatchObject({ name: 'given a', owner: theirs, visibility: 'public', os_hidden: false });
  expect(images.find((one) => one.id === old?.id)).toMatchObject({ owner: theirs, os_hidden: true });
});

test('an event that names the policy gives it away by itself', async () => {
  const { id } = await create('given by event', 'demo', 'bytes');
  const replicateImage = await loadHandler('replicate-image');
  await replicateImage({ source: { region: 'REGION1', image_id: id }, policy: 'given' }, lambdaContext());
  const { id: replica } = await clouds.replica('NORTH', id);
  await vi.waitFor(
    () =>
      expect(clouds.glance('NORTH').image(replica)).toMatchObject({ owner: theirs, visibility: 'public' }),
    { timeout: 30_000, interval: 100 },
  );
});

test('one whose source is gone stays: nothing proves any more that it is ours', async () => {
  const { id } = await create('given gone', 'demo', 'bytes');
  await clouds.sync('given');
  await clouds.replica('NORTH', id);
  await clouds.settled('given');
  await clouds.glance('REGION1').remove(id);
  const { changes } = await clouds.settled('given');
  const [there] = await clouds.images('NORTH', 'given gone');
  expect(there).toMatchObject({ owner: theirs, visibility: 'public', os_hidden: false });
  expect(changes).toContainEqual(
    expect.objectContaining({
      ...{ region: 'NORTH', image: there?.id, outcome: 'kept' },
      reason: expect.stringContaining(`a replica of ${id}, which is gone: nothing proves that it is ours`),
    }),
  );
  const [elsewhere] = await clouds.images('REGION2', 'given gone');
  expect(elsewhere).toMatchObject({ os_hidden: true });
});
