import type { Clouds } from '../../clouds/cloud.ts';
import type { RegionName } from '../../schemas/ids.ts';
import type { Policy } from '../policy/policy.ts';

interface Options {
  readonly signal: AbortSignal;
}

/**
 * A policy with its regions as their catalogs spell them. Replicas carry the source's region as a text that Glance filters
 * by, so a policy that says `Region1` would not find those of REGION1. A region that cannot be asked keeps its spelling:
 * who reads it is told why.
 * @throws the signal's reason
 */
export const withSpeltRegions = async (
  clouds: Pick<Clouds, 'region'>,
  policy: Policy,
  { signal }: Options,
): Promise<Policy> => {
  const spelt = async (name: RegionName): Promise<RegionName> => {
    try {
      return (await clouds.region(name, { signal })).region;
    } catch {
      signal.throwIfAborted();
      return name;
    }
  };
  const targets = policy.targets.map(async (target) => ({ ...target, region: await spelt(target.region) }));
  return {
    ...policy,
    source: { region: await spelt(policy.source.region) },
    targets: await Promise.all(targets),
  };
};
