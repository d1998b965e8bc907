import { afterAll, beforeAll, expect, test } from 'vitest';
import { timesRead } from '../../cloud/openstack/times-read.ts';
import { type SyncedClouds, startSyncedClouds } from './synced-clouds.ts';

const formats = { disk_format: 'raw', container_format: 'bare' };
const none = { copied: 0, bytes: 0, updated: 0, retired: 0, kept: 0, failed: 0 };
const [REGION2, REGION3] = ['REGION2', 'REGION3'];

let clouds: SyncedClouds;
beforeAll(async () => {
  const targets = [{ region: REGION2 }, { region: REGION3 }];
  const source = { region: 'REGION1' };
  const mine = (names: string) => ({ source, targets, select: { visibility: ['public'], names: [names] } });
  clouds = await startSyncedClouds({
    public: mine('public *'),
    drifting: mine('drifting *'),
    unreadable: mine('unreadable *'),
    twice: mine('twice *'),
    'same-id': { ...mine('same id *'), identity: 'id' },
    broken: { ...mine('broken *'), targets: [{ region: REGION2 }, { region: 'REGION9' }] },
  });
});
afterAll(() => clouds.stop());

const make = (name: string, more: object = {}, data = `bytes of ${name}`) =>
  clouds
    .glance('REGION1')
    .createImage({ ...formats, name, owner: 'admin', visibility: 'public', ...more }, data);

const hashesOf = (images: readonly { readonly os_hash_value: string | null }[]) =>
  images.map(({ os_hash_value }) => os_hash_value).sort();
const dataRequests = () =>
  ['REGION1', REGION2, REGION3].flatMap((region) =>
    clouds
      .glance(region)
      .requests()
      .filter(({ path }) => path.includes('/file')),
  );

test('thirty public images are in two regions after one run, and a second run moves nothing', async () => {
  const names = Array.from({ length: 30 }, (_, i) => `public ${String(i).padStart(2, '0')}`);
  const sources = await Promise.all(names.map((name) => make(name, { os_distro: 'debian', min_disk: 1 })));
  const bytes = sources.reduce((sum, { size }) => sum + (size ?? 0), 0);
  const first = await clouds.sync('public');
  expect(first.regions).toEqual({
    REGION2: { ...none, copied: 30, bytes },
    REGION3: { ...none, copied: 30, bytes },
  });
  for (const region of [REGION2, REGION3]) {
    const arrived = await clouds.arrived(region, 'public ', 30);
    expect(hashesOf(arrived)).toEqual(hashesOf(sources));
  }
  const settled = await clouds.settled('public');
  expect(settled.regions).toEqual({ REGION2: none, REGION3: none });
  for (const region of [REGION2, REGION3])
    for (const image of await clouds.images(region, 'public '))
      expect(image).toMatchObject({
        ...{ visibility: 'public', os_hidden: false, os_distro: 'debian', min_disk: 1, protected: false },
        ...{ ferry_source_region: 'REGION1', ferry_policy: 'public' },
      });

  // One copy for both regions; what else was read is one byte, the proof that the second one may join.
  for (const { id, size } of sources) {
    const whole = clouds
      .glance('REGION1')
      .dataReads(id)
      .map(({ asked }) => asked)
      .filter(({ end }) => end > 1);
    expect(timesRead(whole, size ?? 0)).toMatchObject({ min: 1, max: 1 });
  }

  for (const region of ['REGION1', REGION2, REGION3]) clouds.glance(region).clearRequests();
  expect((await clouds.sync('public')).regions).toEqual({ REGION2: none, REGION3: none });
  expect(dataRequests()).toEqual([]);
  const changing = [REGION2, REGION3].flatMap((region) =>
    clouds
      .glance(region)
      .requests()
      .filter(({ method }) => method !== 'GET'),
  );
  expect(changing).toEqual([]);
});

test('a changed property is changed in both regions, without data', async () => {
  const source = await make('drifting a', { os_version: '1' });
  await clouds.sync('drifting');
  for (const region of [REGION2, REGION3]) await clouds.arrived(region, 'drifting ', 1);
  await clouds.settled('drifting');
  clouds.glance('REGION1').setProperty(source.id, 'os_version', '2');
  for (const region of ['REGION1', REGION2, REGION3]) clouds.glance(region).clearRequests();
  expect((await clouds.sync('drifting')).regions).toEqual({
    REGION2: { ...none, updated: 1 },
    REGION3: { ...none, updated: 1 },
  });
  for (const region of [REGION2, REGION3])
    expect(await clouds.images(region, 'drifting ')).toMatchObject([{ os_version: '2' }]);
  expect(dataRequests()).toEqual([]);
});

test('a region that is not there is told, and the other one has its image', async () => {
  await make('broken a');
  const told = await clouds.sync('broken');
  expect(told.regions).toMatchObject({
    REGION2: { copied: 1, failed: 0 },
    REGION9: { failed: 1, unreachable: expect.stringContaining('REGION9') },
  });
  await clouds.arrived(REGION2, 'broken ', 1);
});

test('what a target has converted is not copied again', async () => {
  await make('drifting b');
  await clouds.sync('drifting');
  for (const region of [REGION2, REGION3]) await clouds.arrived(region, 'drifting b', 1);
  await clouds.settled('drifting');
  const [replica] = await clouds.images(REGION2, 'drifting b');
  const converted = { disk_format: 'raw', size: 999, os_hash_value: 'f'.repeat(128) };
  clouds.glance(REGION2).change(replica?.id ?? '', converted);
  expect((await clouds.sync('drifting')).regions).toEqual({ REGION2: none, REGION3: none });
});

test('one that cannot be read does not keep the others, and is taken up when it can', async () => {
  const sources = [];
  for (const name of ['unreadable a', 'unreadable b', 'unreadable c']) sources.push(await make(name));
  const bad = sources[1]?.id ?? '';
  clouds.glance('REGION1').fault(bad, { on: 'get-file', kind: 'status', status: 403, times: 1000 });
  await clouds.sync('unreadable');
  for (const region of [REGION2, REGION3])
    for (const good of [sources[0], sources[2]]) await clouds.replica(region, good?.id ?? '');
  const records = (await clouds.images(REGION2, 'unreadable b')).map(({ id, status, visibility }) => ({
    ...{ id, status, visibility },
  }));
  expect(records).toMatchObject([{ status: 'queued', visibility: 'private' }]);

  clouds.glance('REGION1').clearFaults();
  await expect
    .poll(async () => {
      await clouds.sync('unreadable');
      return (await clouds.images(REGION2, 'unreadable b')).map(({ id, status }) => ({ id, status }));
    })
    .toEqual([{ id: records[0]?.id, status: 'active' }]);
});

test('two runs at once make one image of each', async () => {
  const sources = await Promise.all(['twice a', 'twice b', 'twice c'].map((name) => make(name)));
  await Promise.all([clouds.sync('twice'), clouds.sync('twice')]);
  for (const region of [REGION2, REGION3]) await clouds.arrived(region, 'twice ', 3);
  await clouds.settled('twice');
  for (const region of [REGION2, REGION3])
    expect(
      (await clouds.images(region, 'twice ')).map(({ ferry_source_id }) => ferry_source_id).sort(),
    ).toEqual(sources.map(({ id }) => id).sort());
});

test('one that is deleted in a target is brought in again', async () => {
  await clouds.settled('twice');
  const [replica] = await clouds.images(REGION3, 'twice b');
  await clouds.glance(REGION3).remove(replica?.id ?? '');
  expect((await clouds.sync('twice')).regions).toMatchObject({ REGION2: none, REGION3: { copied: 1 } });
  await clouds.arrived(REGION3, 'twice b', 1);
});

test('where a policy says so, an image has the same id everywhere', async () => {
  const { id } = await make('same id a');
  await clouds.sync('same-id');
  for (const region of [REGION2, REGION3]) {
    await clouds.arrived(region, 'same id ', 1);
    expect(clouds.glance(region).image(id)).toMatchObject({ name: 'same id a', status: 'active' });
  }
  expect((await clouds.settled('same-id')).regions).toEqual({ REGION2: none, REGION3: none });
});
