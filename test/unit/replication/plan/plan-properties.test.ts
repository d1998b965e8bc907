import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Change, Inventory } from '../../../../lib/replication/plan/change.ts';
import { sourcesOf } from '../../../../lib/replication/plan/region/sources.ts';
import { planSync } from '../../../../lib/replication/plan/sync/plan-sync.ts';
import { isSnapshot } from '../../../../lib/replication/plan/wanted-replica.ts';
import type { Policy } from '../../../../lib/replication/policy/policy.ts';
import type { ImageFacts } from '../../../../lib/replication/record/image-facts.ts';
import { applyChange } from '../apply-change.ts';
import { north } from '../images.ts';
import { capped, inventories, policies } from '../worlds.ts';
import { foundFamilies, foundNames, isFound, isOurs, isProven, namedByFamily } from './found.ts';

const runs = { numRuns: Number(process.env['PLAN_RUNS'] ?? 300) };

const isDoing = ({ kind }: Change): boolean => kind !== 'skip';

const after = (policy: Policy, inventory: Inventory, changes: readonly Change[]): Inventory =>
  changes.reduce((world, change) => applyChange(policy, world, change), inventory);

/** All states on the way, change by change, until a plan has nothing to do. */
const untilDone = (policy: Policy, start: Inventory, mostRuns: number): readonly Inventory[] => {
  const states = [start];
  let now = start;
  for (let run = 0; run < mostRuns; run += 1) {
    const changes = planSync(policy, now).filter(isDoing);
    if (changes.length === 0) return states;
    for (const change of changes) {
      now = applyChange(policy, now, change);
      states.push(now);
    }
  }
  const left = planSync(policy, now).filter(isDoing);
  throw new Error(`no end after ${mostRuns} runs: ${JSON.stringify(left, undefined, 1)}`);
};

/** Of a source that was uploaded anew: it becomes that one's replica. */
const isAdopted = ({ source }: Inventory, { hash, region }: ImageFacts): boolean =>
  region === north && source.some((one) => one.owner === 'tenant' && one.hash?.value === hash?.value);

/** As it would be had nobody written a mark on it who might gain by it. */
const unforged =
  (policy: Policy, inventory: Inventory) =>
  (image: ImageFacts): ImageFacts => {
    const { provenance: _, ...unmarked } = image;
    return isProven(policy, inventory, image) ? image : unmarked;
  };

const find = (inventory: Inventory, change: Change, id: string): ImageFacts | undefined =>
  inventory.targets.get(change.region)?.find((one) => one.id === id);

describe('whatever the start, a plan', () => {
  test('done again and again comes to its end', () => {
    fc.assert(
      fc.property(policies, inventories, (policy, inventory) => {
        untilDone(policy, inventory, 12);
      }),
      runs,
    );
  });

  test('comes to its end under caps as well, as long as they let anything through', () => {
    fc.assert(
      fc.property(policies, capped, inventories, (policy, caps, inventory) => {
        untilDone({ ...policy, caps: { ...caps } }, inventory, 80);
      }),
      runs,
    );
  });

  test('touches nothing that does not carry our mark, or belongs to others', () => {
    fc.assert(
      fc.property(policies, inventories, (policy, inventory) => {
        for (const change of planSync(policy, inventory).filter(isDoing)) {
          if (change.kind !== 'copy') {
            const image = find(inventory, change, change.image);
            expect(image && isOurs(policy, inventory, image)).toBe(true);
          } else if (change.record) {
            const record = find(inventory, change, change.record);
            expect(record && isOurs(policy, inventory, record) && record.status).toBe('queued');
          } else if (policy.identity === 'id') {
            expect(find(inventory, change, change.image)).toBeUndefined();
          }
        }
      }),
      runs,
    );
  });

  test('takes no mark for true that may be forged: without it, the same would be done', () => {
    fc.assert(
      fc.property(policies, inventories, (policy, inventory) => {
        const targets = [...inventory.targets].map(
          ([region, images]) => [region, images.map(unforged(policy, inventory))] as const,
        );
        const honest = planSync(policy, { ...inventory, targets: new Map(targets) });
        expect(planSync(policy, inventory).filter(isDoing)).toEqual(honest.filter(isDoing));
      }),
      runs,
    );
  });

  test('gives nobody an image but for the bytes of a source of his, and relies on them from then on', () => {
    fc.assert(
      fc.property(policies, inventories, (policy, inventory) => {
        let given = '';
        for (const change of planSync(policy, inventory).filter(isDoing)) {
          if (change.kind === 'copy') continue;
          const image = find(inventory, change, change.image);
          const key = `${change.region} ${change.image}`;
          if (change.kind === 'update' && 'owner' in change.set) {
            expect(change.set['owner']).toBe('theirs');
            const known = { ...image, owner: 'theirs' } as ImageFacts;
            expect(isProven(policy, inventory, known) || isAdopted(inventory, known)).toBe(true);
            given = key;
          } else if (image?.owner !== 'ferry' || given === key)
            expect(change.was).toMatchObject({ owner: 'theirs', os_hash_value: image?.hash?.value });
        }
      }),
      runs,
    );
  });

  test('leaves no family without an image that people find, at no moment, if it had one', () => {
    fc.assert(
      fc.property(policies, inventories, (policy, inventory) => {
        const states = untilDone(policy, inventory, 12).map((state) => foundFamilies(policy, state));
        for (const [index, families] of states.entries()) {
          const next = states[index + 1] ?? families;
          expect([...families].filter((family) => !next.has(family))).toEqual([]);
        }
      }),
      runs,
    );
  });

  test('lets no image go that people find but for another one that they find, and names that', () => {
    fc.assert(
      fc.property(policies, inventories, (policy, inventory) => {
        const { ofFamily } = sourcesOf(policy, inventory);
        for (const change of planSync(policy, inventory).filter((one) => one.isRetirement && isDoing(one))) {
          const image = find(inventory, change, change.image);
          if (!image || !isFound(image) || !ofFamily.has(change.family)) continue;
          expect(change.relies).toMatchObject({ is: { os_hidden: false, visibility: 'public' } });
          const other = find(inventory, change, change.relies?.image ?? '');
          expect(other?.provenance?.family).toBe(change.family);
          expect(other?.id).not.toBe(image.id);
        }
      }),
      runs,
    );
  });

  test('takes no name away under which people find an image, as long as a source has it', () => {
    fc.assert(
      fc.property(policies, inventories, (policy, inventory) => {
        const start = {
          ...inventory,
          source: inventory.source.filter((one) => !isSnapshot(one)),
          targets: new Map([...inventory.targets].map(namedByFamily)),
        };
        const states = untilDone(policy, start, 12).map((state) => foundNames(policy, state));
        for (const [index, names] of states.entries()) {
          const next = states[index + 1] ?? names;
          expect([...names].filter((name) => !next.has(name))).toEqual([]);
        }
      }),
      runs,
    );
  });

  test('keeps to its caps', () => {
    fc.assert(
      fc.property(policies, capped, inventories, (policy, caps, inventory) => {
        const changes = planSync({ ...policy, caps }, inventory);
        const copies = changes.filter(({ kind }) => kind === 'copy');
        const bytes = copies.reduce((sum, change) => sum + change.bytes, 0);
        expect(bytes).toBeLessThanOrEqual(caps.bytesPerRun ?? Number.POSITIVE_INFINITY);
        for (const of of Map.groupBy(copies, ({ region }) => region).values())
          expect(of.length).toBeLessThanOrEqual(caps.importsPerRegion ?? Number.POSITIVE_INFINITY);
        const removed = changes.filter((one) => one.isRetirement && isDoing(one));
        expect(new Set(removed.map(({ region, image }) => `${region} ${image}`)).size).toBeLessThanOrEqual(
          caps.removalsPerRun ?? Number.POSITIVE_INFINITY,
        );
      }),
      runs,
    );
  });

  test('is the same in whatever order the images are listed, and however often', () => {
    const listed = inventories.chain((inventory) =>
      fc.tuple(
        fc.constant(inventory),
        fc.record({
          source: fc.shuffledSubarray([...inventory.source], { minLength: inventory.source.length }),
          targets: fc.tuple(
            ...[...inventory.targets].map(([region, images]) =>
              fc
                .shuffledSubarray([...images], { minLength: images.length })
                .map((shuffled) => [region, [...shuffled, ...shuffled.slice(0, 1)]] as const),
            ),
          ),
        }),
      ),
    );
    fc.assert(
      fc.property(policies, listed, (policy, [inventory, { source, targets }]) => {
        const other = { ...inventory, source, targets: new Map(targets) };
        expect(planSync(policy, other)).toEqual(planSync(policy, inventory));
      }),
      runs,
    );
  });

  test('of a region that could not be read retires nothing anywhere, and leaves that region alone', () => {
    fc.assert(
      fc.property(policies, inventories, (policy, inventory) => {
        const [region = policy.source.region] = inventory.targets.keys();
        const changes = planSync(policy, { ...inventory, failed: new Map([[region, 'away']]) });
        expect(changes.filter((one) => isDoing(one) && one.isRetirement)).toEqual([]);
        expect(changes.filter((one) => one.region === region)).toEqual([]);
        const blind = { ...inventory, failed: new Map([[policy.source.region, 'away']]) };
        expect(planSync(policy, blind)).toEqual([]);
        expect(after(policy, blind, [])).toBe(blind);
      }),
      runs,
    );
  });
});
