import type { CloudRegion } from '../../clouds/cloud.ts';
import type { RegionName } from '../../schemas/ids.ts';
import type { GlanceImage } from '../../schemas/openstack.ts';
import { isComplete } from '../plan/region/region-view.ts';
import type { Policy } from '../policy/policy.ts';
import { factsOf } from '../record/facts-of.ts';
import type { ImageFacts } from '../record/image-facts.ts';
import { hasOurMark, type Keepers } from '../record/our-mark.ts';
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

/** Sources that have a replica there with its data, and not only an image that says so. */
const replicatedAmong = (
  marked: readonly ImageFacts[],
  keepers: Keepers,
  selected: readonly ImageFacts[],
): ReadonlySet<string> => {
  const sources = new Map(selected.map((source) => [source.id, source]));
  const ours = marked
    .filter(isComplete)
    .filter((image) => hasOurMark(image, keepers, (id) => sources.get(id)));
  return new Set(ours.flatMap(({ provenance }) => provenance?.sourceId ?? []));
};

/**
 * Our replicas in a target region, whatever policy they are of, what says that it is one and belongs to a project that has
 * some, and who stands in the way of those that are missing.
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
  const own = at.identity.projectId;
  const keepers = { projects: {}, ...policy.targets.find((target) => target.region === region), own };
  const queries = replicaQueries(policy.source.region, own, Object.values(keepers.projects));
  const marked = (await listed(at, queries, options)).map((record) => factsOf(region, record));
  const replicated = replicatedAmong(marked, keepers, selected);
  const missing = selected.filter(({ id }) => !replicated.has(id));
  const known = new Set(marked.map(({ id }) => id));
  const rivals = (await rivalsOf(at, policy, missing, options))
    .map((record) => factsOf(region, record))
    .filter(({ id }) => !known.has(id));
  const areMembersWanted = policy.synced.members || policy.set.members !== undefined;
  const sources = new Set(selected.map(({ id }) => id));
  const isOfInterest = ({ provenance }: ImageFacts) =>
    provenance !== undefined && sources.has(provenance.sourceId);
  const all = [...marked, ...rivals];
  return areMembersWanted ? withMembers(at, all, isOfInterest, options) : all;
};
