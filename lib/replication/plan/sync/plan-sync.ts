import type { ImageId, RegionName } from '../../../schemas/ids.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Change, Inventory } from '../change.ts';
import { regionOf } from '../region/region.ts';
import { type RegionView, regionView } from '../region/region-view.ts';
import { byId, sourcesOf } from '../region/sources.ts';
import { planRegion } from './plan-region.ts';
import { rulesOf } from './rules.ts';
import { stalledIn } from './stalled.ts';

/**
 * Each target region that was read, as the policy sees it. Sources that the policy is not for prove a mark as well as
 * others.
 */
export const viewsOf = (policy: Policy, inventory: Inventory): ReadonlyMap<RegionName, RegionView> => {
  const { failed, targets, owners, source } = inventory;
  const sources = byId(source);
  return new Map(
    policy.targets.flatMap(({ region }) => {
      const [images, own] = [targets.get(region), owners.get(region)];
      if (!images || own === undefined || failed.has(region)) return [];
      const seen = { region, images, own, sourceOf: (id: ImageId) => sources.get(id) };
      return [[region, regionView(seen, policy)] as const];
    }),
  );
};

/**
 * What has to be done for a policy to hold, region by region, in the order in which it has to be done. The same for the same
 * inventory, in whatever order that lists its images. Done again and again it comes to its end: what remains says only why
 * nothing is done.
 */
export const planSync = (policy: Policy, inventory: Inventory): readonly Change[] => {
  if (inventory.failed.has(policy.source.region)) return [];
  const sources = sourcesOf(policy, inventory);
  const views = viewsOf(policy, inventory);
  const changes = policy.targets.flatMap((target) => {
    const view = views.get(target.region);
    if (!view) return [];
    return [...planRegion(regionOf(view, sources, target)), ...stalledIn(policy, inventory, view)];
  });
  return rulesOf(policy, inventory)(changes);
};
