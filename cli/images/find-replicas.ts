import type { CloudRegion } from '../../lib/clouds/cloud.ts';
import { hasCode } from '../../lib/errors.ts';
import { factsOf } from '../../lib/replication/record/facts-of.ts';
import type { ImageFacts } from '../../lib/replication/record/image-facts.ts';
import { replicasOf } from '../../lib/replication/replicate/target-record/find-pending.ts';

interface Options {
  readonly signal: AbortSignal;
}

/** A project's own before others, with data before without, then the youngest. */
const betterFor =
  (projectId: string) =>
  (one: ImageFacts, other: ImageFacts): number =>
    Number(other.owner === projectId) - Number(one.owner === projectId) ||
    Number(other.status === 'active') - Number(one.status === 'active') ||
    other.createdAtMs - one.createdAtMs;

/**
 * What a region has of an image: its replicas by provenance, and the image of the same id; the best first. Of a replica
 * itself, in its own region: that one.
 */
export const findReplicas = async (
  at: CloudRegion,
  source: Pick<ImageFacts, 'id' | 'region'>,
  options: Options,
): Promise<readonly ImageFacts[]> => {
  const { images, region, identity } = at;
  const replicas = await replicasOf(at, source, 'provenance', options);
  const found = new Map<string, ImageFacts>(replicas.map((replica) => [replica.id, replica]));
  const own = await images.image(source.id, options).catch((error: unknown) => {
    if (hasCode(error, 'not-found', 'forbidden')) return undefined;
    throw error;
  });
  if (own) found.set(own.id, factsOf(region, own));
  return [...found.values()].sort(betterFor(identity.projectId));
};
