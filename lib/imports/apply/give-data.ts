import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@aws-lambda-powertools/logger';
import { activateByUpload, type UploadActivation } from '../../activation/upload.ts';
import { type RelayObjectServices, readRelayObject } from '../../copies/object/relay-object.ts';
import { asFerryError, FerryError, hasCode } from '../../errors.ts';
import type { Glance } from '../../openstack/glance.ts';
import type { GlanceImage } from '../../schemas/openstack.ts';
import type { Copy, Transferred } from '../../state/copy.ts';
import type { Task } from '../../state/task.ts';
import { likenessOf } from '../record/is-given.ts';

/** An import at work, with what was found out of it so far. */
export interface Applying {
  readonly task: Task;
  /** Where its bytes lie; undefined with activation `none`. */
  readonly copy: Copy | undefined;
  readonly signal: AbortSignal;
  readonly log: Logger;
}

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

/**
 * Compares Glance's own hash of what it stored. The upload was answered and its bytes were proven before the last one
 * left, so the import has succeeded; what cannot be looked at now (the token has just ended) takes nothing from that.
 * @throws FerryError `data-mismatch` when Glance says that it holds other bytes
 */
const compareStored = async (target: Glance, applying: Applying, transferred: Transferred): Promise<void> => {
  const image = await lookAtActive(target, applying).catch((error: unknown) => {
    applying.log.warn('stored image not compared', { error: asFerryError(error) });
    return undefined;
  });
  if (!image || likenessOf(image, transferred) !== 'other') return;
  const { size, digests } = transferred;
  const expected = digests[image.os_hash_algo ?? ''];
  const found = `${image.size} bytes with ${image.os_hash_algo} ${image.os_hash_value}`;
  const reason = `Image ${image.id} is active but holds ${found} instead of ${size} bytes with ${expected}`;
  throw new FerryError('data-mismatch', reason);
};

/** Before anything is changed. @throws FerryError `conflict` when there is nothing to give */
export const requireCopy = ({ task, copy }: Applying): { copy: Copy; transferred: Transferred } => {
  const { transferred, copyId, imageId } = task;
  if (copy && transferred) return { copy, transferred };
  const reason = copyId ? `copy ${copyId}, which it waited for, is gone` : 'it waited for no copy';
  throw new FerryError('conflict', `Nothing was transferred for image ${imageId}: ${reason}`);
};

/**
 * A conflict is looked at: an upload that was broken off may be on its way in Glance though a replica of its database
 * said `queued`, and ends by itself.
 * @throws FerryError `unavailable` while Glance saves; the conflict if not
 */
const upload = async (activation: UploadActivation): Promise<void> => {
  const { target, imageId } = activation;
  try {
    await activateByUpload(activation);
  } catch (error) {
    if (!hasCode(error, 'conflict')) throw error;
    const { status } = await target.image(imageId, activation);
    if (status !== 'saving') throw error;
    throw new FerryError('unavailable', asFerryError(error).explanation, { cause: error });
  }
};

/**
 * Uploads the copy's object into the target, and looks at what Glance has made of it.
 * @throws FerryError `data-mismatch`; what Glance and the store refuse
 */
export const giveData = async (
  services: RelayObjectServices,
  applying: Applying,
  target: Glance,
): Promise<void> => {
  const { copy, transferred } = requireCopy(applying);
  const { signal } = applying;
  const { imageId } = applying.task;
  const object = (options: { readonly signal: AbortSignal }) =>
    readRelayObject(services, copy, { size: transferred.size, ...options });
  await upload({ target, imageId, ...transferred, object, signal });
  await compareStored(target, applying, transferred);
};
