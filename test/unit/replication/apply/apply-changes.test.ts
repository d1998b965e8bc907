import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FerryError } from '../../../../lib/errors.ts';
import { type ApplyServices, createApplyChanges } from '../../../../lib/replication/apply/apply-changes.ts';
import type { Change } from '../../../../lib/replication/plan/change.ts';
import type { ImageId, RegionName } from '../../../../lib/schemas/ids.ts';
import { type ImagesInMemory, imagesInMemory, type MemoryRecord } from '../images-in-memory.ts';

const ours = (id: string, more: object = {}): MemoryRecord => ({
  ...{ id, name: id, status: 'active', visibility: 'public', os_hidden: false, tags: [], owner: 'us' },
  ...{ ferry_source_region: 'REGION1', ferry_source_id: `source of ${id}`, ...more },
});

const of = (region: string, image: string, family = image) => ({
  ...{
    region: region as RegionName,
    image: image as ImageId,
    name: image,
    family,
    bytes: 0,
    reason: 'why not',
  },
});
const rename = (region: string, image: string, to: string, family?: string): Change => ({
  ...{ ...of(region, image, family), kind: 'rename', to },
});
const publish = (region: string, image: string, family?: string): Change => ({
  ...{ ...of(region, image, family), kind: 'publish', visibility: 'public' },
});
const hide = (region: string, image: string, family?: string): Change => ({
  ...{ ...of(region, image, family), kind: 'hide', isRetirement: true },
});
const copy = (region: string, image: string): Change => ({
  ...{ ...of(region, image), kind: 'copy', from: 'REGION1' as RegionName },
});

const signal = AbortSignal.timeout(60_000);
const applierOf = (regions: Readonly<Record<string, ImagesInMemory>>, more: Partial<ApplyServices> = {}) =>
  createApplyChanges({
    placeOf: async (region) => {
      const images = regions[region];
      if (!images) throw new FerryError('unavailable', `${region} cannot be reached`);
      return { images, projectId: 'us' };
    },
    importer: async () => 'asked for',
    atOnce: 2,
    ...more,
  });
const outcomes = (results: readonly { outcome: string }[]) => results.map(({ outcome }) => outcome);

test('a family goes in the plan’s order, and retirement comes after everything else', async () => {
  const region = imagesInMemory([ours('old'), ours('new', { visibility: 'private' }), ours('else')]);
  const results = await applierOf({ REGION2: region })(
    [
      hide('REGION2', 'else'),
      publish('REGION2', 'new', 'Debian'),
      rename('REGION2', 'old', 'Debian (1)', 'Debian'),
      rename('REGION2', 'new', 'Debian', 'Debian'),
      hide('REGION2', 'old', 'Debian'),
    ],
    { signal },
  );
  expect(outcomes(results)).toEqual(['done', 'done', 'done', 'done', 'done']);
  expect(region.writes.slice(0, 3)).toEqual(['patch new', 'patch old', 'patch new']);
  expect(region.writes.slice(3).sort()).toEqual(['patch else', 'patch old']);
});

test('what fails stops the rest of its family, and all retirement, but nothing else', async () => {
  const region2 = imagesInMemory(
    [ours('old'), ours('new', { visibility: 'private' }), ours('else')],
    (call) => {
      if (call === 'patch new') throw new FerryError('forbidden', 'not allowed');
    },
  );
  const region3 = imagesInMemory([ours('old')]);
  const results = await applierOf({ REGION2: region2, REGION3: region3 })(
    [
      publish('REGION2', 'new', 'Debian'),
      rename('REGION2', 'old', 'Debian (1)', 'Debian'),
      rename('REGION2', 'else', 'something'),
      hide('REGION3', 'old'),
    ],
    { signal },
  );
  expect(outcomes(results)).toEqual(['failed', 'kept', 'done', 'kept']);
  expect(results[1]?.reason).toBe('publish of new comes first: not allowed');
  expect(results[3]?.reason).toBe('something has failed in this run, so nothing is retired');
  expect([region2.writes, region3.writes]).toEqual([['patch else'], []]);
});

test('one in use is kept, and the others go', async () => {
  const region = imagesInMemory([ours('a', { inUse: true }), ours('b')]);
  const results = await applierOf({ REGION2: region })(
    [
      { ...of('REGION2', 'a', 'f'), kind: 'delete', isRetirement: true },
      { ...of('REGION2', 'b', 'f'), kind: 'delete', isRetirement: true },
    ],
    { signal },
  );
  expect(outcomes(results)).toEqual(['kept', 'done']);
  expect([...region.records.keys()]).toEqual(['a']);
});

test('a region that cannot be reached fails for itself', async () => {
  const region = imagesInMemory([ours('a')]);
  const results = await applierOf({ REGION2: region })(
    [rename('REGION9', 'a', 'b'), rename('REGION2', 'a', 'b')],
    { signal },
  );
  expect(results.map(({ outcome, reason }) => [outcome, reason])).toEqual([
    ['failed', 'REGION9 cannot be reached'],
    ['done', 'why not'],
  ]);
});

test('copies are asked for, each for itself', async () => {
  const importer: ApplyServices['importer'] = async ({ image }) => {
    if (image === 'bad') throw new FerryError('unavailable', 'the queue is away');
    return `import of ${image} is queued`;
  };
  const results = await applierOf({}, { importer })([copy('REGION2', 'bad'), copy('REGION2', 'good')], {
    signal,
  });
  expect(results.map(({ outcome, reason }) => [outcome, reason])).toEqual([
    ['failed', 'the queue is away'],
    ['done', 'import of good is queued'],
  ]);
});

describe('after copies that were waited for, an image goes', () => {
  const plan = [copy('REGION2', 'new'), hide('REGION2', 'old'), hide('REGION2', 'older')];
  const applied = async (planAgain: ApplyServices['planAgain']) => {
    const region = imagesInMemory([ours('old'), ours('older'), ours('else')]);
    const results = await applierOf({ REGION2: region }, planAgain && { planAgain })(plan, { signal });
    return { told: results.map(({ outcome, reason }) => `${outcome}: ${reason}`), writes: region.writes };
  };

  test('only if a plan that is made then says so as well, and nothing else goes', async () => {
    const now = [hide('REGION2', 'old'), hide('REGION2', 'else')];
    expect(await applied(async () => now)).toEqual({
      told: ['done: asked for', 'done: why not', 'kept: it is not to go any more, as the regions are by now'],
      writes: ['patch old'],
    });
  });

  test('not at all where nobody can look', async () => {
    const away = async () => {
      throw new FerryError('unavailable', 'REGION2 is away');
    };
    const kept = 'kept: the regions could not be looked at again: REGION2 is away';
    expect(await applied(away)).toEqual({ told: ['done: asked for', kept, kept], writes: [] });
  });
});

test('what the plan skips is told: an error is a failure', async () => {
  const skip = (image: string, isError: boolean): Change => ({
    ...{ ...of('REGION2', image), kind: 'skip', isError },
  });
  const region = imagesInMemory([ours('a')]);
  const results = await applierOf({ REGION2: region })(
    [skip('one', true), skip('two', false), hide('REGION2', 'a')],
    { signal },
  );
  expect(outcomes(results)).toEqual(['failed', 'kept', 'kept']);
});

test('no more families of a region are at work than are allowed, and all regions side by side', async () => {
  const atWork = new Map<string, number>();
  const most = new Map<string, number>();
  const slow = (region: string): ImagesInMemory => {
    const images = imagesInMemory(['a', 'b', 'c', 'd', 'e'].map((id) => ours(id)));
    const image: ImagesInMemory['image'] = async (id, options) => {
      for (const name of [region, 'all']) {
        atWork.set(name, (atWork.get(name) ?? 0) + 1);
        most.set(name, Math.max(most.get(name) ?? 0, atWork.get(name) ?? 0));
      }
      await delay(10);
      for (const name of [region, 'all']) atWork.set(name, (atWork.get(name) ?? 0) - 1);
      return images.image(id, options);
    };
    return { ...images, image };
  };
  const regions = { REGION2: slow('REGION2'), REGION3: slow('REGION3') };
  const changes = ['REGION2', 'REGION3'].flatMap((region) =>
    ['a', 'b', 'c', 'd', 'e'].map((id) => rename(region, id, `new ${id}`)),
  );
  expect(outcomes(await applierOf(regions)(changes, { signal }))).toEqual(Array(10).fill('done'));
  expect(Object.fromEntries(most)).toEqual({ REGION2: 2, REGION3: 2, all: 4 });
});

test('where the time ends, what is left is kept for the next run', async () => {
  const controller = new AbortController();
  const region = imagesInMemory([ours('a'), ours('b')], (call) => {
    if (call === 'patch a') controller.abort(new FerryError('out-of-time', "The function's time ended"));
  });
  const results = await applierOf({ REGION2: region }, { atOnce: 1 })(
    [rename('REGION2', 'a', 'x'), rename('REGION2', 'b', 'y'), copy('REGION2', 'c'), hide('REGION2', 'b')],
    { signal: controller.signal },
  );
  expect(outcomes(results)).toEqual(['done', 'kept', 'kept', 'kept']);
});

describe('whatever the plan, and wherever a run dies', () => {
  const ids = ['a', 'b', 'c'] as const;
  const change = fc
    .record({
      region: fc.constantFrom('REGION2', 'REGION3'),
      image: fc.constantFrom(...ids),
      family: fc.constantFrom('f', 'g'),
      kind: fc.constantFrom('update', 'hide', 'deactivate', 'delete', 'members', 'rename', 'publish'),
      text: fc.constantFrom('x', 'y'),
    })
    .map(({ region, image, family, kind, text }): Change => {
      const common = of(region, image, family);
      if (kind === 'update') return { ...common, kind, set: { os_version: text, os_distro: null } };
      if (kind === 'members') return { ...common, kind, add: [text], remove: ['m'] };
      if (kind === 'rename') return { ...common, kind, to: text };
      if (kind === 'publish') return { ...common, kind, visibility: 'community' };
      return { ...common, kind, isRetirement: true };
    });
  const imageOf = ({ region, image }: Change) => `${region} ${image}`;
  /** As a plan has it: one change of a kind for an image, and none of one that goes. */
  const plan = fc
    .uniqueArray(change, { selector: (one) => `${imageOf(one)} ${one.kind}`, maxLength: 12 })
    .map((changes) => {
      const going = changes.filter(({ kind }) => kind === 'delete').map(imageOf);
      return changes.filter((one) => one.kind === 'delete' || !going.includes(imageOf(one)));
    });
  const world = (interrupt?: () => void) => {
    const records = ids.map((id) => ours(id, { os_distro: 'debian', members: ['m'] }));
    return { REGION2: imagesInMemory(records, interrupt), REGION3: imagesInMemory(records, interrupt) };
  };
  const stateOf = (regions: ReturnType<typeof world>) =>
    Object.values(regions).map(({ records }) => [...records.values()]);

  test('a second run brings it where a run without a death would have', async () => {
    await fc.assert(
      fc.asyncProperty(plan, fc.nat({ max: 40 }), async (changes, callsToLive) => {
        const undisturbed = world();
        await applierOf(undisturbed)(changes, { signal });
        let calls = 0;
        let isDead = true;
        const died = world(() => {
          calls += 1;
          if (isDead && calls > callsToLive) throw new FerryError('unavailable', 'it has died');
        });
        await applierOf(died)(changes, { signal });
        isDead = false;
        await applierOf(died)(changes, { signal });
        expect(stateOf(died)).toEqual(stateOf(undisturbed));
      }),
    );
  });

  test('two runs side by side end as one does', async () => {
    await fc.assert(
      fc.asyncProperty(plan, async (changes) => {
        const alone = world();
        await applierOf(alone)(changes, { signal });
        const both = world();
        await Promise.all([applierOf(both)(changes, { signal }), applierOf(both)(changes, { signal })]);
        await applierOf(both)(changes, { signal });
        expect(stateOf(both)).toEqual(stateOf(alone));
      }),
    );
  });
});
