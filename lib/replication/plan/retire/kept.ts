import type { ImageId } from '../../../schemas/ids.ts';
import type { Retention } from '../../policy/policy.ts';
import type { ImageFacts } from '../../record/image-facts.ts';
import type { Region } from '../region/region.ts';
import { isComplete, madeMs, type Replica } from '../region/region-view.ts';
import { isOffered, isTooOld } from '../region/select.ts';
import { type Made, retained } from './retention.ts';

const made = (replica: Replica): Made => ({ id: replica.id, ms: madeMs(replica) });

/**
 * Of a region's replicas, those that retention keeps. One that is deactivated, by us or by an operator who has his reasons,
 * counts as one of its family, and is no reason to let an active one go.
 */
export const keptReplicas = ({ view, sources }: Region, retention: Retention): ReadonlySet<string> =>
  new Set(
    [...view.ofFamily.values()].flatMap((family) => {
      const complete = family.filter(isComplete);
      const active = complete.filter(({ status }) => status === 'active');
      return [complete, active].flatMap((some) => [...retained(some.map(made), retention, sources.atMs)]);
    }),
  );

const hasReplica = ({ found }: Region, id: ImageId): boolean => {
  const one = found.get(id);
  return one?.kind === 'replica' && isComplete(one.replica);
};

/** Sources without a replica that retention would not keep: to copy them would be to remove and to copy them at each run. */
export const notWorthCopying = (region: Region, retention: Retention): ReadonlySet<string> => {
  const { view, sources } = region;
  const isCandidate = (source: ImageFacts): boolean =>
    !hasReplica(region, source.id) &&
    isOffered(source, sources.policy, sources.atMs) &&
    !isTooOld(source, sources.policy, sources.atMs);
  return new Set(
    [...sources.ofFamily].flatMap(([family, members]) => {
      const candidates = members.filter(isCandidate).map(({ id, createdAtMs }) => ({ id, ms: createdAtMs }));
      const replicas = (view.ofFamily.get(family) ?? []).filter(isComplete).map(made);
      const kept = retained([...candidates, ...replicas], retention, sources.atMs);
      return candidates.map(({ id }) => id).filter((id) => !kept.has(id));
    }),
  );
};
