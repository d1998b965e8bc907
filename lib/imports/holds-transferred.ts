import type { GlanceImage } from '../schemas/openstack.ts';
import type { Transferred } from './task.ts';

/**
 * Whether an active image is what was transferred, by Glance's own hash of what it stored. A target that hashes by an
 * algorithm that nothing is known of is compared by its size; its bytes were proven before its last one was sent.
 */
export const holdsTransferred = (image: GlanceImage, { size, digests }: Transferred): boolean => {
  const expected = digests[image.os_hash_algo ?? ''];
  return image.size === size && (expected === undefined || expected === image.os_hash_value);
};
