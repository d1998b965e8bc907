import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type SyncedClouds, startSyncedClouds } from './synced-clouds.ts';

const formats = { disk_format: 'raw', container_format: 'bare' };
const source = { region: 'REGION1' };
const targets = [{ region: 'REGION2' }];

let clouds: SyncedClouds;
beforeAll(async () => {
  const mine = (names: string) => ({ source, targets, select: { visibility: ['public'], names: [names] } });
  const ladder = { ladder: ['hide', 'delete'], allow_delete: true };
  clouds = await startSyncedClouds({
    versions: {
      ...{ ...mine('Versions'), identity: 'name', on_conflict: 'rename', retention: { last: 3 } },
      retirement: { ...ladder, old_name: '{name} ({id})' },
    },
    removed: { ...mine('removed *'), retirement: { ...ladder, removed: 'retire' } },
    used: { ...mine('used *'), retirement: { ladder: ['delete'], allow_delete: true, removed: 'retire' } },
    failing: {
      ...{ ...mine('failing *'), targets: [...targets, { region: 'REGION3' }] },
      retirement: { ...ladder, removed: 'retire' },
    },
  });
});
afterAll(() => clouds.stop());

const make = (name: string, data = `bytes of ${name}`) =>
  clouds.glance('REGION1').createImage({ ...formats, name, owner: 'admin', visibility: 'public' }, data);
const remove = ({ id }: { readonly id: string }) => clouds.glance('REGION1').remove(id);

/** Copies what is missing, and waits for it. */
const broughtIn = async (policy: string, prefix: string, count: number, region = 'REGION2') => {
  await clouds.sync(policy);
  await clouds.arrived(region, prefix, count);
};
const inShort = async (prefix: string, region = 'REGION2') =>
  (await clouds.images(region, prefix)).map(
    ({ ferry_source_id, os_hidden, visibility }) =>
      `${ferry_source_id} ${visibility}${os_hidden ? ' hidden' : ''}`,
  );

/** Looks all the time for what people look for. @returns how often it was not to be found, once nobody looks any more */
const watching = (name: string) => {
  let isOver = false;
  const looking = (async () => {
    let misses = 0;
    while (!isOver) {
      const found = (await clouds.images('REGION2', name)).filter(
        (image) => image.name === name && image.visibility === 'public' && !image.os_hidden,
      );
      misses += found.length === 0 ? 1 : 0;
      await delay(20);
    }
    return misses;
  })();
  return () => {
    isOver = true;
    return looking;
  };
};

test('a new version of a name takes its place: the old one is renamed and hidden, three are kept', async () => {
  const versions: string[] = [];
  let misses = 0;
  for (const version of [1, 2, 3, 4]) {
    const watched = version > 1 ? watching('Versions') : () => Promise.resolve(0);
    // Glance tells when an image was made in whole seconds, and the newest of a name is the one that stands for it.
    await delay(1100);
    const { id } = await make('Versions', `version ${version}`);
    versions.push(id);
    await clouds.sync('versions');
    await clouds.replica('REGION2', id);
    await clouds.settled('versions');
    misses += await watched();
  }
  expect(misses).toBe(0);
  const images = await clouds.images('REGION2', 'Versions');
  expect(images.map(({ ferry_source_id }) => ferry_source_id).sort()).toEqual(versions.slice(-3).sort());
  const visible = images.filter(({ os_hidden }) => !os_hidden);
  expect(visible).toMatchObject([
    { name: 'Versions', visibility: 'public', ferry_source_id: versions.at(-1) },
  ]);
  for (const image of images.filter(({ os_hidden }) => os_hidden))
    expect(image.name).toBe(`Versions (${image.id})`);
});

test('what its source region has no longer goes down the ladder, a rung at each run', async () => {
  const [stays, goes] = [await make('removed a'), await make('removed b')];
  await broughtIn('removed', 'removed ', 2);
  await clouds.settled('removed');
  await remove(goes);
  expect((await clouds.sync('removed')).regions).toMatchObject({ REGION2: { retired: 1 } });
  expect((await inShort('removed ')).sort()).toEqual(
    [`${stays.id} public`, `${goes.id} public hidden`].sort(),
  );
  expect((await clouds.sync('removed')).regions).toMatchObject({ REGION2: { retired: 1 } });
  expect(await inShort('removed ')).toEqual([`${stays.id} public`]);
  expect((await clouds.sync('removed')).regions).toMatchObject({ REGION2: { retired: 0, kept: 0 } });
});

test('an image in use is kept and told, and goes when it is not any more', async () => {
  const [gone, stays] = [await make('used a'), await make('used b')];
  await broughtIn('used', 'used ', 2);
  await clouds.settled('used');
  await remove(gone);
  const [replica] = await clouds.images('REGION2', 'used a');
  clouds.glance('REGION2').setInUse(replica?.id ?? '', true);
  const told = await clouds.sync('used');
  expect(told.regions).toMatchObject({ REGION2: { retired: 0, kept: 1, failed: 0 } });
  expect(told.changes).toMatchObject([
    { kind: 'delete', image: replica?.id, outcome: 'kept', reason: expect.stringContaining('in use') },
  ]);
  expect((await inShort('used ')).sort()).toEqual([`${gone.id} public`, `${stays.id} public`].sort());
  clouds.glance('REGION2').setInUse(replica?.id ?? '', false);
  expect((await clouds.sync('used')).regions).toMatchObject({ REGION2: { retired: 1, kept: 0 } });
  expect(await inShort('used ')).toEqual([`${stays.id} public`]);
});

test('while a region is away the others are kept up, and nothing is retired anywhere', async () => {
  const [stays, goes] = [await make('failing a'), await make('failing b')];
  await clouds.sync('failing');
  for (const region of ['REGION2', 'REGION3']) await clouds.arrived(region, 'failing ', 2);
  await clouds.settled('failing');
  await remove(goes);
  clouds.glance('REGION1').setProperty(stays.id, 'os_version', '2');
  clouds.glance('REGION3').setAway(true);
  const told = await clouds.sync('failing');
  expect(told.regions).toMatchObject({
    REGION2: { updated: 1, retired: 0, kept: 1, failed: 0 },
    REGION3: { failed: 1, unreachable: expect.stringContaining('list images') },
  });
  expect((await inShort('failing ')).every((line) => line.endsWith('public'))).toBe(true);
  clouds.glance('REGION3').setAway(false);
  await clouds.settled('failing');
  for (const region of ['REGION2', 'REGION3'])
    expect(await clouds.images(region, 'failing ')).toMatchObject([
      { ferry_source_id: stays.id, os_version: '2' },
    ]);
});
