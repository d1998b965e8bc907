import { hasCode } from '../../lib/errors.ts';
import { factsOf } from '../../lib/replication/record/facts-of.ts';
import type { ImageFacts } from '../../lib/replication/record/image-facts.ts';
import type { ReplicaSettings } from '../../lib/schemas/replication/image-published.ts';
import type { Here } from '../call/here.ts';
import type { RegionCall } from '../call/in-regions.ts';
import type { RegionResult } from '../call/results.ts';
import type { ServedRegion } from '../deployment/served-regions.ts';
import { type BringOnOptions, bringOn } from './bring-on.ts';
import { resultOf } from './result-of.ts';

/** An image, and what its copies are to be. */
export interface WantedCopy {
  readonly source: ImageFacts;
  readonly request: ReplicaSettings;
}

type BringToCall = RegionCall & Pick<BringOnOptions, 'isWaiting' | 'mayBegin'>;

const gone: RegionResult = { status: 'failed', reason: 'it is not there any more', isOk: false };

/**
 * Brings a copy in a region on, as far as it is waited for.
 * @throws FerryError where it cannot be; the signal's reason
 */
export const bringTo = async (
  { clouds }: Pick<Here, 'clouds'>,
  { to, ferry }: ServedRegion,
  { source, request }: WantedCopy,
  call: BringToCall,
): Promise<RegionResult> => {
  const of = { region: source.region, imageId: source.id };
  const size = source.size === undefined ? {} : { size: source.size };
  const { state, imageId } = await bringOn(
    { clouds, ferry },
    { source: of, region: to.region, request },
    { ...call, ...size },
  );
  if (!imageId) return gone;
  call.begun(imageId);
  if (state === 'running') return { id: imageId, status: 'running', isOk: true };
  try {
    return resultOf(factsOf(to.region, await to.images.image(imageId, call)));
  } catch (error) {
    if (hasCode(error, 'not-found')) return gone;
    throw error;
  }
};
