import type { CloudRegion } from '../../clouds/cloud.ts';
import { hasCode } from '../../errors.ts';
import type { ImageId } from '../../schemas/ids.ts';
import { factsOf } from '../record/facts-of.ts';
import type { ImageFacts } from '../record/image-facts.ts';
import { becoming } from './target-record/find-pending.ts';

interface Options {
  readonly signal: AbortSignal;
}

/** Whether a source can be copied: now, perhaps later, or never. */
export type SourceState =
  | { readonly kind: 'ready'; readonly source: ImageFacts }
  | { readonly kind: 'not-yet'; readonly reason: string }
  /** Without `source` it is gone. A replica that has its data already may still be finished. */
  | { readonly kind: 'never'; readonly reason: string; readonly source?: ImageFacts };

const isVolumeBacked = ({ size = 0, properties }: ImageFacts): boolean =>
  size === 0 && properties['block_device_mapping'] !== undefined;

/** The rule, of a record that is there. */
export const stateOf = (source: ImageFacts): SourceState => {
  const { id, region, status } = source;
  const image = `image ${id} of region ${region}`;
  if (becoming.includes(status)) return { kind: 'not-yet', reason: `${image} is ${status}` };
  if (status !== 'active') return { kind: 'never', reason: `${image} is ${status}`, source };
  if (isVolumeBacked(source))
    return {
      kind: 'never',
      reason: `${image} is a snapshot of a volume and has no data (block_device_mapping)`,
      source,
    };
  return { kind: 'ready', source };
};

/** @throws FerryError when Glance cannot be asked, or refuses */
export const sourceState = async (from: CloudRegion, id: ImageId, options: Options): Promise<SourceState> => {
  try {
    return stateOf(factsOf(from.region, await from.images.image(id, options)));
  } catch (error) {
    if (!hasCode(error, 'not-found')) throw error;
    return { kind: 'never', reason: `image ${id} is not in region ${from.region}` };
  }
};
