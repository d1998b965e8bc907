import type { ImageId } from '../../../schemas/ids.ts';
import type { Retention } from '../../policy/policy.ts';
import type { ImageFacts } from '../../record/image-facts.ts';
import type { Found } from './find-replica.ts';
import { isComplete, madeMs, type RegionView, type Replica } from './region-view.ts';
import { type Made, retained } from './retention.ts';
import { isOffered, isTooOld } from './select.ts';
import type { Sources } from './sources.ts';

const made = (replica: Replica): Made => ({ id: replica.id, ms: madeMs(replica) });

/**
 * Of a region's replicas, those that retention keeps. One that is deactivated, by us or by an operator who has his reasons,
 * counts as one of its family, and is no reason to let an active one go.
 */
export const keptReplicas = (view: RegionView, retention: Retention, atMs: number): ReadonlySet<string> =>
  new Set(
    [...view.ofFamily.values()].flatMap((family) => {
      const complete = family.filter(isComplete);
      const active = complete.filter(({ status }) => status === 'active');
      return [complete, active].flatMap((some) => [...retained(some.map(made), retention, atMs)]);
    }),
  );

const hasReplica = (found: ReadonlyMap<ImageId, Found>, id: ImageId): boolean => {
  const one = found.get(id);
  return one?.kind === 'replica' && isComplete(one.replica);
};

/**
 * Sources without a replica that retention would not keep: to copy them would be to remove and to copy them at each run. Of one
 * name the newest source is always worth it: its replica stays, though that of one that was taken back may be of a newer one.
 */
export const notWorthCopying = (
  view: RegionView,
  sources: Sources,
  found: ReadonlyMap<ImageId, Found>,
  retention: Retention,
): ReadonlySet<string> => {
  const isCandidate = (source: ImageFacts): boolean =>
    !hasReplica(found, source.id) &&
    isOffered(source, sources.policy, sources.atMs) &&
    !isTooOld(source, sources.policy, sources.atMs);
  const isHead = (family: string, id: string): boolean =>
    sources.policy.identity === 'name' && sources.heads.get(family)?.id === id;
  return new Set(
    [...sources.ofFamily].flatMap(([family, members]) => {
      const candidates = members.filter(isCandidate).map(({ id, createdAtMs }) => ({ id, ms: createdAtMs }));
      const replicas = (view.ofFamily.get(family) ?? []).filter(isComplete).map(made);
      const kept = retained([...candidates, ...replicas], retention, sources.atMs);
      return candidates.map(({ id }) => id).filter((id) => !kept.has(id) && !isHead(family, id));
    }),
  );
};
