import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Inventory } from '../../../../lib/replication/plan/change.ts';
import { planSync } from '../../../../lib/replication/plan/sync/plan-sync.ts';
import type { Policy } from '../../../../lib/replication/policy/policy.ts';
import { onlyImage } from '../../../../lib/replication/policy/request-policy.ts';
import type { ImageFacts } from '../../../../lib/replication/record/image-facts.ts';
import type { ImageId } from '../../../../lib/schemas/ids.ts';
import { inventories, policies } from '../worlds.ts';

/** What is read where a policy is asked for one image. */
const ofOneImage = (policy: Policy, inventory: Inventory, id: ImageId): Inventory => {
  const image = inventory.source.find((one) => one.id === id);
  const name = policy.set.name ?? image?.name;
  const predecessors = [...inventory.targets.values()]
    .flat()
    .filter((one) => policy.identity === 'name' && one.name === name && !one.isHidden)
    .map(({ provenance }) => provenance?.sourceId);
  const isRead = (one: ImageFacts): boolean => one.id === id || predecessors.includes(one.id);
  return { ...inventory, source: inventory.source.filter(isRead) };
};

test('what a run over all images asks for is not refused to it when its turn comes', () => {
  const whole = policies.filter(({ select }) => select.imageId === undefined);
  fc.assert(
    fc.property(whole, inventories, (policy, inventory) => {
      for (const change of planSync(policy, inventory)) {
        if (change.kind !== 'copy') continue;
        const asked = onlyImage(policy, change.image);
        const own = planSync(asked, ofOneImage(policy, inventory, change.image));
        expect(own.filter(({ region }) => region === change.region)).toContainEqual(change);
      }
    }),
    { numRuns: Number(process.env['PLAN_RUNS'] ?? 300) },
  );
});
