import type { CloudRegion } from '../../clouds/cloud.ts';
import type { RegionName } from '../../schemas/ids.ts';
import type { GlanceImage } from '../../schemas/openstack.ts';
import type { Policy } from '../policy/policy.ts';
import { factsOf } from '../record/facts-of.ts';
import type { ImageFacts } from '../record/image-facts.ts';
import { listed, withMembers } from './lists.ts';
import { idQueries, nameQueries, replicaQueries } from './queries.ts';

interface Options {
  readonly signal: AbortSignal;
}

/** Who has the name, or the id, of an image that has no replica yet, where that is what makes a replica. */
const rivalsOf = (
  at: CloudRegion,
  { identity, set }: Policy,
  missing: readonly ImageFacts[],
  options: Options,
): Promise<readonly GlanceImage[]> => {
  if (identity === 'id') return listed(at, idQueries(missing.map(({ id }) => id)), options);
  if (identity === 'provenance') return Promise.resolve([]);
  return listed(at, nameQueries(missing.map(({ name }) => set.name ?? name)), options);
};

/**
 * Our replicas in a target region, whatever policy they are of, and who stands in the way of those that are missing.
 * @param selected what the policy is for
 * @throws FerryError by Glance's refusal
 */
export const readTarget = async (
  at: CloudRegion,
  region: RegionName,
  policy: Policy,
  selected: readonly ImageFacts[],
  options: Options,
): Promise<readonly ImageFacts[]> => {
  const queries = replicaQueries(policy.source.region, at.identity.projectId);
  const replicas = (await listed(at, queries, options)).map((record) => factsOf(region, record));
  const replicated = new Set(replicas.map(({ provenance }) => provenance?.sourceId));
  const missing = selected.filter(({ id }) => !replicated.has(id));
  const own = new Set(replicas.map(({ id }) => id));
  const rivals = (await rivalsOf(at, policy, missing, options))
    .map((record) => factsOf(region, record))
    .filter(({ id }) => !own.has(id));
  const areMembersWanted = policy.synced.members || policy.set.members !== undefined;
  const sources = new Set(selected.map(({ id }) => id));
  const isOfInterest = ({ provenance }: ImageFacts) =>
    provenance !== undefined && sources.has(provenance.sourceId);
  const all = [...replicas, ...rivals];
  return areMembersWanted ? withMembers(at, all, isOfInterest, options) : all;
};
