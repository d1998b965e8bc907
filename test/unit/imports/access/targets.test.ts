import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createTargets, type TargetsServices } from '../../../../lib/imports/access/targets.ts';
import type { OpenStackHttp } from '../../../../lib/openstack/http.ts';
import type { Token } from '../../../../lib/schemas/ids.ts';
import { anyText } from '../../any-text.ts';

const { signal } = new AbortController();
const token = 'a token' as Token;

/** A caller whose catalog has these regions, each with a Glance of its own. */
const targetsOf = (inCatalog: readonly string[], more: Partial<TargetsServices> = {}) => {
  const endpoints = inCatalog.map((region, index) => ({
    region,
    interface: 'public',
    url: `http://glance${index}/v2/`,
  }));
  const identity = { userId: 'u', projectId: 'p', roles: [], expiresAtMs: 0 };
  const catalog = [{ type: 'image', endpoints }];
  return createTargets({
    http: {} as OpenStackHttp,
    keystone: { validate: async () => ({ ...identity, catalog }) },
    keystoneAt: () => ({ validate: async () => Promise.reject(new Error('no other Keystone is asked')) }),
    region: 'REGION2',
    targetRegions: [],
    interface: 'public',
    ...more,
  });
};
const found = async (targets: ReturnType<typeof createTargets>, region?: string) => {
  const caller = await targets.caller({ token, region, signal });
  return [caller.region, caller.target.endpoint];
};

const three = ['REGION1', 'REGION2', 'REGION3'];

describe('a request whose path names no region', () => {
  test('is for OS_REGION_NAME, whatever else is served', async () => {
    for (const targetRegions of [[], ['REGION3'], ['*']])
      expect(await found(targetsOf(three, { targetRegions }))).toEqual(['REGION2', 'http://glance1']);
  });

  test('has one name of its region, Keystone’s, though the settings spell it otherwise', async () => {
    expect(await found(targetsOf(three, { region: 'region2' }))).toEqual(['REGION2', 'http://glance1']);
    expect(await found(targetsOf(three, { region: 'region2', targetRegions: ['*'] }), 'REGION2')).toEqual([
      'REGION2',
      'http://glance1',
    ]);
  });

  test('is the operator’s to mend where the catalog has other regions or interfaces, and the log says which', async () => {
    const words = 'public glance endpoint not found for region REGION2: either this service is set up for ';
    await expect(found(targetsOf(['REGION1', 'REGION3']))).rejects.toMatchObject({
      code: 'misconfigured',
      message: expect.stringContaining(words),
      cause: {
        message:
          "OS_REGION_NAME=REGION2 and OS_INTERFACE=public are not in a caller's catalog, which has public in REGION1, " +
          'public in REGION3',
      },
    });
    await expect(found(targetsOf(['REGION2'], { interface: 'internal' }))).rejects.toMatchObject({
      code: 'misconfigured',
    });
  });

  test('is the caller’s to mend where the catalog has no image service at all', async () => {
    await expect(found(targetsOf([]))).rejects.toMatchObject({
      code: 'bad-request',
      message: 'public glance endpoint not found for region REGION2',
    });
  });
});

describe('a region in the path', () => {
  test.each([
    ['by default OS_REGION_NAME alone', [], ['REGION2']],
    ['those named, beside it', ['REGION3'], ['REGION2', 'REGION3']],
    ['those named that the catalog has', ['REGION3', 'REGION9'], ['REGION2', 'REGION3']],
    ['each of the catalog with *', ['*'], three],
  ])('is served if it is one of %s', async (_, targetRegions, served) => {
    const targets = targetsOf(three, { targetRegions });
    expect(await targets.list({ token, signal })).toEqual(served);
    for (const region of served) expect((await found(targets, region))[0]).toBe(region);
    for (const region of [...three, 'REGION9', '', '*'].filter((one) => !served.includes(one)))
      await expect(found(targets, region), region).rejects.toMatchObject({
        code: 'not-found',
        message: `Region ${region} is not served here; regions served: ${served.join(', ')}`,
      });
  });

  test('is spelt as in Keystone, upper and lower case', async () => {
    const targets = targetsOf(['North', 'north', 'REGION2'], { targetRegions: ['*'] });
    expect(await found(targets, 'North')).toEqual(['North', 'http://glance0']);
    expect(await found(targets, 'north')).toEqual(['north', 'http://glance1']);
    await expect(found(targets, 'NORTH')).rejects.toMatchObject({ code: 'not-found' });
  });

  test.each(['Süd West', 'eu.central/1 日本', 'a%20b', '100%', 'A#B?c&d=e', "it's", '..', ' '])(
    'may be named %j, decoded or not yet decoded',
    async (region) => {
      const targets = targetsOf([region, 'REGION2'], { targetRegions: [region.trim(), '*'] });
      expect(await found(targets, region)).toEqual([region, 'http://glance0']);
      expect(await found(targets, encodeURIComponent(region))).toEqual([region, 'http://glance0']);
    },
  );

  test('may have any name, and never is another one', async () => {
    const name = anyText({ minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(name, { minLength: 1, maxLength: 5 }), async (names) => {
        const targets = targetsOf(names, { targetRegions: ['*'] });
        for (const [index, region] of names.entries())
          expect(await found(targets, region)).toEqual([region, `http://glance${index}`]);
      }),
    );
  });

  test('of a name that nobody could have is refused with not much of it', async () => {
    const refused = await found(targetsOf(three), 'x'.repeat(100_000)).catch((error: Error) => error);
    expect(String(refused).length).toBeLessThan(400);
  });
});

test('a deployment that is the Glance of its own catalog says so, at its root and below each region', async () => {
  for (const url of ['https://ferry.example/', 'https://ferry.example/regions/REGION2/v2']) {
    const catalog = [{ type: 'image', endpoints: [{ region: 'REGION2', interface: 'public', url }] }];
    const targets = targetsOf([], {
      keystone: {
        validate: async () => ({ userId: 'u', projectId: 'p', roles: [], expiresAtMs: 0, catalog }),
      },
    });
    for (const region of [undefined, 'REGION2'])
      await expect(
        targets.caller({ token, region, root: 'https://ferry.example', signal }),
      ).rejects.toMatchObject({ code: 'misconfigured', status: 503 });
  }
});

describe('a region of another cloud, named with its Keystone', () => {
  const north = 'https://keystone.north.example/v3';
  const endpoint = (region: string, interfaceName: string, url: string) => ({
    ...{ region, url },
    interface: interfaceName,
  });
  const endpoints = [
    endpoint('NORTH', 'internal', 'http://not-this'),
    endpoint('NORTH', 'public', 'http://glance.north/v2'),
    endpoint('SOUTH', 'public', 'http://glance.south'),
  ];
  const catalog = [{ type: 'image', endpoints }];
  const otherTargets = (isOwnAsked = false, more: Partial<TargetsServices> = {}) => {
    const asked: string[] = [];
    const validate = async () => ({ userId: 'u', projectId: 'n', roles: [], expiresAtMs: 0, catalog });
    const targets = targetsOf(three, {
      ...{ targetRegions: ['REGION3', `NORTH=${north}`, `Süd West=${north}`], interface: 'internal' },
      keystoneAt: (authUrl) => {
        asked.push(authUrl);
        return { validate };
      },
      ...(!isOwnAsked && { keystone: { validate: () => Promise.reject(new Error('ours is asked')) } }),
      ...more,
    });
    return { targets, asked };
  };

  test('is the public Glance of that cloud’s catalog, and our own Keystone is not shown the token', async () => {
    const { targets, asked } = otherTargets();
    const caller = await targets.caller({ token, region: 'NORTH', signal });
    expect(caller).toMatchObject({ region: 'NORTH', identity: { projectId: 'n' } });
    expect(caller.target.endpoint).toBe('http://glance.north');
    expect(caller.otherKeystone).toBeDefined();
    expect(asked).toEqual([north]);
  });

  test.each([
    ['that its catalog lacks', 'S%C3%BCd%20West'],
    ['that is spelt otherwise', 'north'],
  ])('%s is not served, and our own Keystone is not shown the token', async (_, region) => {
    await expect(found(otherTargets().targets, region)).rejects.toMatchObject({ code: 'not-found' });
  });

  test('is listed and named, whether or not the caller is known there; another region of its cloud is not served', async () => {
    const { targets, asked } = otherTargets(true, { interface: 'public' });
    expect(await targets.list({ token, signal })).toEqual(['NORTH', 'REGION2', 'REGION3', 'Süd West']);
    targets.requireNamed('NORTH');
    await expect(found(targets, 'SOUTH')).rejects.toThrow('served: NORTH, REGION2, REGION3, Süd West');
    expect((await targets.caller({ token, region: 'REGION3', signal })).otherKeystone).toBeUndefined();
    expect(asked).toEqual([]);
  });

  test('is none of those that * stands for', async () => {
    const { targets } = otherTargets(true, { targetRegions: ['*'], interface: 'public' });
    expect(await targets.list({ token, signal })).toEqual(three);
  });
});

describe('before anybody has shown a token', () => {
  test('a region is refused that no catalog could make served', () => {
    const targets = targetsOf([], { targetRegions: ['Süd West'] });
    for (const region of [undefined, 'REGION2', 'region2', 'Süd West', 'S%C3%BCd%20West'])
      targets.requireNamed(region);
    expect(() => targets.requireNamed('REGION3')).toThrow(
      'Region REGION3 is not served here; regions served: REGION2, Süd West',
    );
  });

  test('any may be served where each of the catalog is', () => {
    targetsOf([], { targetRegions: ['*'] }).requireNamed('anything');
  });
});
