import { setTimeout as delay } from 'node:timers/promises';
import { asFerryError, FerryError, hasCode } from '../../errors.ts';
import type { Glance } from '../../openstack/glance/glance.ts';
import type { GlanceImage } from '../../schemas/openstack.ts';
import type { Transferred } from '../../state/copy.ts';
import { type IsGivenServices, type Likeness, storedLikeness } from '../end/is-given.ts';
import type { Vouched } from '../end/success.ts';
import type { Applying } from './give-data.ts';

const looks = 5;
const firstLookMs = 100; // doubled each time

/** Glance's record of the target as soon as it says `active`: a replica of its database may be behind. */
const lookAtActive = async (target: Glance, { task, signal }: Applying): Promise<GlanceImage | undefined> => {
  for (let look = 0; look < looks; look += 1) {
    if (look > 0) await delay(firstLookMs * 2 ** look, undefined, { signal });
    const image = await target.image(task.imageId, { signal });
    if (image.status === 'active') return image;
  }
  return undefined;
};

const otherBytes = (image: GlanceImage, { size, digests }: Transferred): FerryError => {
  const found = `${image.size} bytes with ${image.os_hash_algo} ${image.os_hash_value}`;
  const expected = digests[image.os_hash_algo ?? ''] ?? 'another';
  const reason = `Image ${image.id} is active but holds ${found} instead of ${size} bytes with ${expected}`;
  return new FerryError('data-mismatch', reason);
};

/**
 * Compares Glance's own hash of what it stored. The upload was answered and its bytes were proven before the last one
 * left, so the import has succeeded; what cannot be looked at now (the token has just ended) takes nothing from that, but
 * is told.
 * @throws FerryError `data-mismatch` when Glance says that it holds other bytes
 */
export const lookAtStored = async (
  services: IsGivenServices,
  applying: Applying,
  openTarget: () => Promise<Glance>,
): Promise<Vouched> => {
  const { transferred } = applying.task;
  const { signal } = applying;
  const unmade = (error: unknown): undefined => {
    // Of an attempt that was called off or has lost its claim another one looks again; one whose time ends has no other.
    if (signal.aborted && !hasCode(signal.reason, 'out-of-time')) throw error;
    applying.log.warn('stored image not compared', { error: asFerryError(error) });
    return undefined;
  };
  const image = await openTarget()
    .then((target) => lookAtActive(target, applying))
    .catch(unmade);
  if (!image || !transferred) return 'unseen';
  const likeness: Likeness =
    (await storedLikeness(services, applying, image, transferred).catch(unmade)) ?? 'unknown';
  if (likeness === 'other') throw otherBytes(image, transferred);
  return likeness === 'same' ? 'compared' : 'incomparable';
};
