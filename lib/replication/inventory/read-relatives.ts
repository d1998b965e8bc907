import type { CloudRegion } from '../../clouds/cloud.ts';
import type { ImageQuery } from '../../openstack/glance/images.ts';
import { isVisible } from '../plan/region/region.ts';
import { familyOf } from '../plan/wanted-replica.ts';
import type { Policy } from '../policy/policy.ts';
import { factsOf } from '../record/facts-of.ts';
import type { ImageFacts } from '../record/image-facts.ts';
import { listed, withMembers } from './lists.ts';
import { familyQueries, shownQuery } from './queries.ts';
import { mayBeSelected } from './read-source.ts';

interface Options {
  readonly signal: AbortSignal;
}

const forAll = ({ select: { imageId: _, ...select }, ...policy }: Policy): Policy => ({ ...policy, select });

/** A source that is renamed leaves its family: the one that its replicas are found in is still theirs. */
const familiesOf = (policy: Policy, image: ImageFacts, found: readonly ImageFacts[]): ReadonlySet<string> =>
  new Set([familyOf(image, policy), ...found.flatMap(({ provenance }) => provenance?.family ?? [])]);

const queriesFor = (
  { identity, set, select }: Policy,
  { properties }: ImageFacts,
  families: ReadonlySet<string>,
): readonly ImageQuery[] => {
  const instance = identity === 'name' ? undefined : properties['instance_uuid'];
  const names = [...families].filter((family) => family !== instance);
  // One name for all makes one family of all.
  if (set.name !== undefined && names.length > 0) return [shownQuery(select)];
  return familyQueries(select, names, names.length < families.size && instance ? [instance] : []);
};

/**
 * Of a policy that is asked for one image: the sources that may stand for its family in its place. The image's own record
 * tells of none; without them its replica would lose its name, or people's sight, before a newer one is there, or would be
 * made beside that. Where names do not matter they are asked for only if people find a replica of the image.
 */
export const readRelatives = async (
  at: CloudRegion,
  policy: Policy,
  image: ImageFacts,
  replicas: readonly ImageFacts[],
  options: Options,
): Promise<readonly ImageFacts[]> => {
  const { region } = policy.source;
  const found = replicas.filter((one) => one.provenance?.sourceId === image.id && isVisible(one));
  if (policy.name === '' || policy.select.imageId === undefined) return [];
  if (policy.identity !== 'name' && found.length === 0) return [];
  const whole = forAll(policy);
  const queries = queriesFor(whole, image, familiesOf(policy, image, found));
  const records = (await listed(at, queries, options)).map((record) => factsOf(region, record));
  const relatives = records.filter(({ id }) => id !== image.id);
  return policy.select.hasMembers === undefined
    ? relatives
    : withMembers(at, relatives, mayBeSelected(whole), options);
};
