import { describe, expect, test } from 'vitest';
import type { BrokenCloud, Cloud } from '../../../lib/clouds/cloud.ts';
import { createClouds } from '../../../lib/clouds/create-clouds.ts';
import { entryOf, http, signal, useTwoClouds } from './two-clouds.ts';

const both = useTwoClouds();
const of = (clouds: readonly Cloud[], broken: readonly BrokenCloud[] = []) =>
  createClouds({ http, entries: async () => ({ clouds, broken }) });

const own = () => entryOf(both().home, { name: '' });
const north = (more: Partial<Cloud> = {}) =>
  entryOf(both().away, { name: 'north', regionName: 'NORTH', ...more });
const unreachable = (more: Partial<Cloud> = {}) =>
  entryOf(both().home, { name: 'gone', authUrl: 'http://127.0.0.1:1/v3', ...more });

describe.concurrent('a region', () => {
  test('is found by its own entry, or by the catalog of one that is for any', async () => {
    const clouds = of([own(), north()]);
    const [home, away] = [
      await clouds.region('REGION2', { signal }),
      await clouds.region('NORTH', { signal }),
    ];
    expect([home.session.cloud.name, away.session.cloud.name]).toEqual(['', 'north']);
    expect([home.endpoint, away.endpoint]).toEqual([
      both().home.regions.REGION2.url,
      both().away.regions.NORTH.url,
    ]);
    expect(away.identity.projectId).toBe(both().away.keystone.accounts.userNamed('demo').project.id);
    const { id } = await away.images.create({ name: 'there' }, { signal });
    expect(both().away.regions.NORTH.image(id)?.name).toBe('there');
  });

  test('is spelt as in the catalog, in whatever case it is asked for', async () => {
    expect((await of([north()]).region('north', { signal })).region).toBe('NORTH');
  });

  test('of an entry of its own is not looked for elsewhere', async () => {
    const clouds = of([own(), unreachable({ regionName: 'REGION1' })]);
    await expect(clouds.region('REGION1', { signal })).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('is found in a cloud that is made for another region, where none is made for it', async () => {
    const clouds = of([north(), entryOf(both().home, { name: 'one', regionName: 'REGION1' })]);
    expect((await clouds.region('REGION2', { signal })).session.cloud.name).toBe('one');
  });

  test('is never another cloud’s of the same name while its own cannot be reached', async () => {
    const clouds = of([unreachable(), entryOf(both().home, { name: 'one', regionName: 'REGION1' })]);
    await expect(clouds.region('REGION2', { signal })).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('that nobody has is told with those there are', async () => {
    await expect(of([own(), north()]).region('SOUTH', { signal })).rejects.toMatchObject({
      code: 'bad-request',
      message:
        "Region SOUTH is not in the catalog of this deployment's own cloud, cloud north; regions there: NORTH, REGION1, REGION2",
    });
  });

  test('is not said to be missing when a cloud could not be asked', async () => {
    await expect(of([own(), unreachable()]).region('SOUTH', { signal })).rejects.toMatchObject({
      code: 'unavailable',
    });
  });

  test('of a broken entry is told with what is wrong with it, and troubles no other', async () => {
    const broken = { name: 'north', regionName: 'NORTH', problem: 'cloud north: auth_url is not set' };
    const clouds = of([own()], [broken]);
    await expect(clouds.region('NORTH', { signal })).rejects.toThrow(broken.problem);
    await expect(clouds.session('north')).rejects.toMatchObject({ code: 'misconfigured' });
    expect((await clouds.region('REGION1', { signal })).region).toBe('REGION1');
  });
});

describe('a session', () => {
  test('is one for all who ask, until its entry says something else', async () => {
    let entry = north();
    const clouds = createClouds({ http, entries: async () => ({ clouds: [entry], broken: [] }) });
    const first = await clouds.session('north');
    expect(await clouds.session('north')).toBe(first);
    entry = north({ interface: 'internal' });
    expect(await clouds.session('north')).not.toBe(first);
  });

  test('of an entry that is gone is the operator’s to mend', async () => {
    await expect(of([own()]).session('north')).rejects.toMatchObject({
      code: 'misconfigured',
      message: 'There is no cloud north (any more)',
    });
  });
});

describe.concurrent('the regions', () => {
  const listed = async (clouds: readonly Cloud[]) =>
    (await of(clouds).regions({ signal })).map(({ cloud, regions, error }) => ({
      ...{ cloud: cloud.name, regions, code: error?.code },
    }));

  test('are those of each cloud, of an entry that is made for one that one', async () => {
    const one = entryOf(both().home, { name: 'one', regionName: 'REGION1' });
    const inNorth = { cloud: 'north', regions: ['NORTH'] };
    expect(await listed([one, north()])).toEqual([{ cloud: 'one', regions: ['REGION1'] }, inNorth]);
    expect(await listed([own(), north()])).toEqual([{ cloud: '', regions: ['REGION1', 'REGION2'] }, inNorth]);
  });

  test('of a cloud that cannot be asked are none, and why; the others are listed', async () => {
    expect(await listed([unreachable(), north()])).toEqual([
      { cloud: 'gone', regions: [], code: 'unavailable' },
      { cloud: 'north', regions: ['NORTH'] },
    ]);
  });
});
