import type { ImageFacts } from '../../lib/replication/record/image-facts.ts';
import type { RegionResult } from '../call/results.ts';

/** What there is of an image, as a result. */
export const resultOf = ({ id, status, hash, size }: ImageFacts): RegionResult => ({
  id,
  status,
  ...(hash && { hash: `${hash.algorithm}:${hash.value}` }),
  ...(size !== undefined && { bytes: size }),
  isOk: status === 'active',
});
