import type { CloudRegion } from '../../clouds/cloud.ts';
import { hasCode } from '../../errors.ts';
import { atMost } from '../../promises.ts';
import type { ImageId } from '../../schemas/ids.ts';
import { isComplete } from '../plan/region/region-view.ts';
import type { Policy } from '../policy/policy.ts';
import { factsOf } from '../record/facts-of.ts';
import type { ImageFacts } from '../record/image-facts.ts';

interface Options {
  readonly signal: AbortSignal;
}

const atOnce = 4;

/** Sources of replicas that people find under the name of an image: few, and mostly none. */
const predecessorsOf = (name: string, replicas: readonly ImageFacts[]): readonly ImageId[] => {
  const found = replicas.filter((one) => one.name === name && isComplete(one) && !one.isHidden);
  return [...new Set(found.flatMap(({ provenance }) => provenance?.sourceId ?? []))];
};

/**
 * Of a policy that is asked for one image, where names make a replica: whose replicas have its name. A source that has got
 * another name since frees it, and one that is gone does not; the image's own record tells neither.
 */
export const readPredecessors = async (
  at: CloudRegion,
  policy: Policy,
  source: readonly ImageFacts[],
  replicas: readonly ImageFacts[],
  options: Options,
): Promise<readonly ImageFacts[]> => {
  const [image] = source;
  if (policy.identity !== 'name' || policy.name === '' || policy.select.imageId === undefined || !image)
    return [];
  const ids = predecessorsOf(policy.set.name ?? image.name, replicas).filter((id) => id !== image.id);
  const records = await atMost(atOnce, ids, async (id) => {
    try {
      return [factsOf(policy.source.region, await at.images.image(id, options))];
    } catch (error) {
      if (hasCode(error, 'not-found')) return [];
      throw error;
    }
  });
  return records.flat();
};
