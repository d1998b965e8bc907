import type { CloudRegion } from '../../lib/clouds/cloud.ts';
import type { ImageFacts, Visibility } from '../../lib/replication/record/image-facts.ts';
import type { ReplicaSettings } from '../../lib/schemas/replication/image-published.ts';
import type { WantedOptions } from '../call/options.ts';

/** As the source has it, where that is the caller's own: nobody is to publish another one's image by accident. */
const visibilityOf = (
  source: ImageFacts,
  { identity }: Pick<CloudRegion, 'identity'>,
  { visibility }: WantedOptions,
): { readonly visibility?: Visibility } => {
  if (visibility === 'source') return {};
  if (visibility !== undefined) return { visibility };
  return source.owner === identity.projectId ? {} : { visibility: 'private' };
};

/** As replicate-image is asked for it. @param from where the source is, and who calls there */
export const requestOf = (
  source: ImageFacts,
  from: Pick<CloudRegion, 'identity'>,
  options: WantedOptions,
): ReplicaSettings => {
  const { id, name, property, retireOlder } = options;
  return {
    ...visibilityOf(source, from, options),
    ...(name !== undefined && { name }),
    ...(property && { properties: property }),
    ...(id === 'same' && { identity: 'id' }),
    ...(retireOlder && { retire_older: true }),
  };
};
