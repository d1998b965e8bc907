import type { CloudRegion, Clouds } from '../../clouds/cloud.ts';
import { FerryError } from '../../errors.ts';
import type { ImageId } from '../../schemas/ids.ts';
import { readInventory } from '../inventory/read-inventory.ts';
import type { Change } from '../plan/change.ts';
import { isComplete } from '../plan/region/region-view.ts';
import { planSync, viewsOf } from '../plan/sync/plan-sync.ts';
import type { Policy } from '../policy/policy.ts';
import type { ImageFacts } from '../record/image-facts.ts';
import { type HistoryOf, withImports } from './imports/read-imports.ts';

interface Options {
  readonly signal: AbortSignal;
}

interface RemainingOptions extends Options {
  /** Of other images' imports, which a plan under caps has to know. */
  readonly historyOf?: HistoryOf;
}

/** Of which image, and where. */
export interface RemainingOf {
  readonly to: CloudRegion;
  readonly policy: Policy;
  readonly source: ImageFacts;
  /** The source is gone: what is known of it has to do. */
  readonly isSourceGone?: true;
}

/** What there is, and what is left to do. */
export interface Remaining {
  readonly changes: readonly Change[];
  /** The replica, if there is one that has its data. */
  readonly imageId: ImageId | undefined;
}

/** What is left to do about one image in one region. @throws FerryError where either of them cannot be read */
export const remaining = async (
  clouds: Pick<Clouds, 'region'>,
  { policy, to, source, isSourceGone }: RemainingOf,
  { signal, historyOf }: RemainingOptions,
): Promise<Remaining> => {
  const known = isSourceGone && [source];
  const images = await readInventory(clouds, policy, {
    signal,
    atMs: Date.now(),
    ...(known && { known }),
  });
  const [failure] = images.failed.values();
  if (failure !== undefined) throw new FerryError('unavailable', failure);
  const inventory = historyOf ? await withImports(images, policy, historyOf) : images;
  const ofSource = viewsOf(policy, inventory).get(to.region)?.ofSource.get(source.id) ?? [];
  const replicas = ofSource.filter(isComplete);
  const replica = policy.identity === 'id' ? replicas.find(({ id }) => id === source.id) : replicas[0];
  return { changes: planSync(policy, inventory), imageId: replica?.id };
};
