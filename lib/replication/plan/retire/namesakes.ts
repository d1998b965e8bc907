import type { Change } from '../change.ts';
import { headReplica, isOfOneImage, isSuperseded, isVisible, type Region } from '../region/region.ts';
import type { Replica } from '../region/region-view.ts';

/**
 * Whether people are to be told of a replica whose name a newer one has: who has asked for that image; and everybody where both
 * stand under the name and nothing is to take the older one's away.
 */
const isTold = (region: Region, replica: Replica, successor: Replica): boolean => {
  const { onConflict } = region.sources.policy;
  if (isOfOneImage(region.sources)) return region.sourceOf.has(replica.id);
  const isLeft = onConflict === 'error' || onConflict === 'keep';
  return isLeft && isVisible(replica) && replica.name === successor.name;
};

/** Replicas of older images of a name that are not brought to what their sources are, since a newer one has it. */
export const namesakesIn = (region: Region): readonly Change[] =>
  region.view.replicas
    .filter((replica) => isSuperseded(region, replica))
    .flatMap((replica) => {
      const { id, name, provenance } = replica;
      const successor = headReplica(region, provenance.family);
      if (!successor || !isTold(region, replica, successor)) return [];
      return [
        {
          kind: 'skip',
          ...{ region: region.view.region, image: id, name, family: provenance.family, bytes: 0 },
          reason: `replica ${successor.id} of a newer image has its name`,
          isError: region.sources.policy.onConflict === 'error' && isVisible(replica),
        } as const,
      ];
    });
