import type { CloudRegion } from '../../lib/clouds/cloud.ts';
import { hasCode } from '../../lib/errors.ts';
import { factsOf } from '../../lib/replication/record/facts-of.ts';
import type { ImageFacts } from '../../lib/replication/record/image-facts.ts';
import { provenanceNames } from '../../lib/replication/record/provenance.ts';

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
  { images, region, identity: { projectId } }: CloudRegion,
  source: Pick<ImageFacts, 'id' | 'region'>,
  options: Options,
): Promise<readonly ImageFacts[]> => {
  const named = { [provenanceNames.sourceRegion]: source.region, [provenanceNames.sourceId]: source.id };
  const found = new Map<string, ImageFacts>();
  for (const hidden of [{}, { os_hidden: 'true' }])
    for await (const page of images.list({ ...named, ...hidden, owner: projectId }, options))
      for (const image of page) found.set(image.id, factsOf(region, image));
  const own = await images.image(source.id, options).catch((error: unknown) => {
    if (hasCode(error, 'not-found', 'forbidden')) return undefined;
    throw error;
  });
  if (own) found.set(own.id, factsOf(region, own));
  return [...found.values()].sort(betterFor(projectId));
};
