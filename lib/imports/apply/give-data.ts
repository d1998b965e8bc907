import type { Logger } from '@aws-lambda-powertools/logger';
import { activateByUpload, type UploadActivation } from '../../activation/upload.ts';
import { type RelayObjectServices, readRelayObject } from '../../copies/object/relay-object.ts';
import { asFerryError, FerryError, hasCode } from '../../errors.ts';
import type { Glance } from '../../openstack/glance/glance.ts';
import type { Copy, Transferred } from '../../state/copy.ts';
import type { Task } from '../../state/task.ts';

/** An import at work, with what was found out of it so far. */
export interface Applying {
  readonly task: Task;
  /** Where its bytes lie; undefined with activation `none`. */
  readonly copy: Copy | undefined;
  readonly signal: AbortSignal;
  readonly log: Logger;
}

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
 * Uploads the copy's object into the target.
 * @throws FerryError `data-mismatch` before Glance has it all; what Glance and the store refuse
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
};
