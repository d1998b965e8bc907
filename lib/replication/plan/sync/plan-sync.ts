import type { Policy } from '../../policy/policy.ts';
import type { Change, Inventory } from '../change.ts';
import { regionOf } from '../region/region.ts';
import { regionView } from '../region/region-view.ts';
import { sourcesOf } from '../region/sources.ts';
import { planRegion } from './plan-region.ts';
import { rulesOf } from './rules.ts';

/**
 * What has to be done for a policy to hold, region by region, in the order in which it has to be done. The same for the same
 * inventory, in whatever order that lists its images. Done again and again it comes to its end: what remains says only why
 * nothing is done.
 */
export const planSync = (policy: Policy, inventory: Inventory): readonly Change[] => {
  const { failed, targets, owners } = inventory;
  if (failed.has(policy.source.region)) return [];
  const sources = sourcesOf(policy, inventory);
  const changes = policy.targets.flatMap((target) => {
    const [images, owner] = [targets.get(target.region), owners.get(target.region)];
    if (!images || owner === undefined || failed.has(target.region)) return [];
    return planRegion(regionOf(regionView(target.region, images, owner, policy), sources, target));
  });
  return rulesOf(policy, inventory)(changes);
};
