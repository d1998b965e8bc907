import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Inventory } from '../../../../lib/replication/plan/change.ts';
import { isVisible } from '../../../../lib/replication/plan/region/region.ts';
import { isSelected } from '../../../../lib/replication/plan/region/select.ts';
import { planSync } from '../../../../lib/replication/plan/sync/plan-sync.ts';
import { familyOf, isSnapshot } from '../../../../lib/replication/plan/wanted-replica.ts';
import type { Policy } from '../../../../lib/replication/policy/policy.ts';
import { onlyImage } from '../../../../lib/replication/policy/request-policy.ts';
import type { ImageFacts } from '../../../../lib/replication/record/image-facts.ts';
import type { ImageId } from '../../../../lib/schemas/ids.ts';
import { applyChange } from '../apply-change.ts';
import { inventories, policies } from '../worlds.ts';
import { foundFamilies, foundNames, namedByFamily } from './found.ts';

const runs = { numRuns: Number(process.env['PLAN_RUNS'] ?? 300) };

/** Few worlds have a newer image that is not there yet of one that has just been hidden. */
const moreRuns = { numRuns: 5 * runs.numRuns };

/** For all images that they select. */
const whole = policies.filter(({ select }) => select.imageId === undefined);

/** What is read where a policy is asked for one image. */
const ofOneImage = (policy: Policy, inventory: Inventory, id: ImageId): Inventory => {
  const image = inventory.source.find((one) => one.id === id);
  const there = [...inventory.targets.values()].flat();
  const found = there.filter((one) => one.provenance?.sourceId === id && isVisible(one));
  const name = policy.set.name ?? image?.name;
  const predecessors = there
    .filter((one) => policy.identity === 'name' && one.name === name && !one.isHidden)
    .map(({ provenance }) => provenance?.sourceId);
  const families = new Set([
    image && familyOf(image, policy),
    ...found.map(({ provenance }) => provenance?.family),
  ]);
  const isRelative = (one: ImageFacts): boolean =>
    (policy.identity === 'name' || found.length > 0) &&
    isSelected(one, policy) &&
    !one.isHidden &&
    families.has(familyOf(one, policy));
  const isRead = (one: ImageFacts): boolean =>
    one.id === id || predecessors.includes(one.id) || isRelative(one);
  return { ...inventory, source: inventory.source.filter(isRead) };
};

test('what a run over all images asks for is not refused to it when its turn comes', () => {
  fc.assert(
    fc.property(whole, inventories, (policy, inventory) => {
      for (const change of planSync(policy, inventory)) {
        if (change.kind !== 'copy') continue;
        const asked = onlyImage(policy, change.image);
        const own = planSync(asked, ofOneImage(policy, inventory, change.image));
        expect(own.filter(({ region }) => region === change.region)).toContainEqual(change);
      }
    }),
    runs,
  );
});

/** All states on the way while each image's message has its turn, the oldest image's first or the newest's. */
const byMessages = (policy: Policy, start: Inventory, isOldestFirst: boolean): readonly Inventory[] => {
  const sources = [...start.source].sort(
    (one, other) => (one.createdAtMs - other.createdAtMs) * (isOldestFirst ? 1 : -1),
  );
  const states = [start];
  let now = start;
  for (const { id } of sources) {
    const changes = planSync(onlyImage(policy, id), ofOneImage(policy, now, id));
    for (const change of changes) {
      now = applyChange(policy, now, change);
      states.push(now);
    }
  }
  return states;
};

const lost = (states: readonly ReadonlySet<string>[]): readonly string[] =>
  states.flatMap((before, index) => {
    const after = states[index + 1] ?? before;
    return [...before].filter((one) => !after.has(one));
  });

test('messages about single images leave no family without an image that people find, at no moment, if it had one', () => {
  fc.assert(
    fc.property(whole, inventories, fc.boolean(), (policy, inventory, isOldestFirst) => {
      const states = byMessages(policy, inventory, isOldestFirst);
      expect(lost(states.map((state) => foundFamilies(policy, state)))).toEqual([]);
    }),
    moreRuns,
  );
});

test('they take no name away under which people find an image, as long as a source has it', () => {
  fc.assert(
    fc.property(whole, inventories, fc.boolean(), (policy, inventory, isOldestFirst) => {
      const start = {
        ...inventory,
        source: inventory.source.filter((one) => !isSnapshot(one)),
        targets: new Map([...inventory.targets].map(namedByFamily)),
      };
      const states = byMessages(policy, start, isOldestFirst);
      expect(lost(states.map((state) => foundNames(policy, state)))).toEqual([]);
    }),
    moreRuns,
  );
});
