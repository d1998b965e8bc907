import type { ImageId, RegionName } from '../../../schemas/ids.ts';
import type { Policy } from '../../policy/policy.ts';
import type { ImageFacts } from '../../record/image-facts.ts';
import { patienceMs } from '../../record/patience.ts';
import type { Change, ImportHistory, Inventory } from '../change.ts';
import { isInFlight, type RegionView, type Replica } from '../region/region-view.ts';

export const historyOf = (
  { imports }: Inventory,
  region: RegionName,
  record: ImageId | undefined,
): ImportHistory | undefined => (record ? imports?.get(region)?.get(record) : undefined);

/**
 * Whether a Glance that died has left it in the middle of an upload: no import of ours is at work, and nobody else's has
 * changed it for long. What has not been asked about may be at work.
 */
export const isStalled = (inventory: Inventory, image: ImageFacts): boolean =>
  isInFlight(image) &&
  historyOf(inventory, image.region, image.id)?.isRunning === false &&
  inventory.atMs - image.updatedAtMs > patienceMs;

/** Replicas that never get their data, unless somebody deletes them: Glance lets nobody fill them. */
export const stalledIn = (
  policy: Policy,
  inventory: Inventory,
  { replicas }: RegionView,
): readonly Change[] => {
  const isConcerned = ({ provenance }: Replica): boolean =>
    policy.select.imageId === undefined || policy.select.imageId === provenance.sourceId;
  return replicas
    .filter((replica) => isConcerned(replica) && isStalled(inventory, replica))
    .map(({ region, id, name, status, provenance: { family } }) => ({
      ...{ kind: 'skip', region, image: id, name, family, bytes: 0, isError: true },
      reason: `replica ${id} is ${status} there, and no import is at work: delete it`,
    }));
};
