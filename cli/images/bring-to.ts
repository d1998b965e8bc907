import type { ImageFacts } from '../../lib/replication/record/image-facts.ts';
import type { ImageId } from '../../lib/schemas/ids.ts';
import type { ReplicaSettings } from '../../lib/schemas/replication.ts';
import type { Here } from '../call/here.ts';
import type { RegionCall } from '../call/in-regions.ts';
import type { RegionResult } from '../call/results.ts';
import type { ServedRegion } from '../deployment/served-regions.ts';
import { type BringOnOptions, bringOn } from './bring-on.ts';
import { findReplicas } from './find-replicas.ts';
import { resultOf } from './result-of.ts';

/** An image, and what its copies are to be. */
export interface WantedCopy {
  readonly source: ImageFacts;
  readonly request: ReplicaSettings;
}

/** As a call of bringOn; `begun` as soon as there is something that goes on by itself. */
type BringToCall = RegionCall & Omit<BringOnOptions, 'size' | 'begun'> & { readonly begun?: () => void };

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
  let imageId = request.identity === 'id' ? source.id : undefined;
  const begun = (atWork: ImageId): void => {
    imageId = atWork;
    call.begun?.();
  };
  const brought = await bringOn(
    { clouds, ferry },
    { source: of, region: to.region, request },
    { ...call, ...size, begun },
  );
  call.begun?.();
  const replicas = await findReplicas(to, source, call);
  // A replica that was asked for otherwise, of the same source, may be there as well.
  const found = replicas.find(({ id }) => id === imageId) ?? replicas[0];
  if (brought === 'running') return { ...(found && { id: found.id }), status: 'running', isOk: true };
  return found ? resultOf(found) : { status: 'failed', reason: 'it is not there any more', isOk: false };
};
