import { FerryError, hasCode } from '../../errors.ts';
import type { Glance } from '../../openstack/glance/glance.ts';
import { type ChangePlan, planChanges } from '../../properties/changes.ts';
import { requireKeepable } from '../../properties/wanted.ts';
import type { ImageId } from '../../schemas/ids.ts';
import type { GlanceImage } from '../../schemas/openstack.ts';
import type { Changes, Properties } from '../../state/task.ts';

/** A target, and its record as it is. */
interface Target {
  readonly glance: Glance;
  readonly image: GlanceImage;
}

export interface ApplyOptions {
  readonly signal: AbortSignal;
  /** What an earlier try has set. */
  readonly earlier?: Changes | undefined;
  /** Called before the PATCH with what is to be rolled back should the import fail. */
  remember?(changes: Changes): Promise<void>;
}

const requireQueued = (target: GlanceImage): void => {
  if (target.status === 'queued') return;
  // Of an attempt that died while it uploaded: Glance returns the image to `queued` as soon as it sees the connection gone.
  const code = target.status === 'saving' ? 'unavailable' : 'conflict';
  throw new FerryError(code, `Image ${target.id} is ${target.status}, it needs to be queued`);
};

/**
 * A PATCH whose answer got lost was carried out, and is refused when it is sent again: what it removes is not there any
 * more. So a conflict is looked at.
 */
const patchOnce = async (
  { glance, image }: Target,
  wanted: Properties,
  { operations, changes }: ChangePlan,
  signal: AbortSignal,
): Promise<void> => {
  const id = image.id as ImageId;
  try {
    await glance.patch(id, operations, { signal });
  } catch (error) {
    if (!hasCode(error, 'conflict')) throw error;
    const again = planChanges(await glance.image(id, { signal }), wanted, changes);
    if (again.operations.length > 0) await glance.patch(id, again.operations, { signal });
  }
};

/**
 * Sets the wanted properties on a queued target in one PATCH.
 * @throws FerryError `conflict` for a target that is not queued, `limit-exceeded` for more than can be rolled back
 */
export const applyProperties = async (
  { glance, image }: Target,
  wanted: Properties,
  { signal, earlier, remember }: ApplyOptions,
): Promise<Changes> => {
  requireQueued(image);
  const { operations, changes } = planChanges(image, wanted, earlier);
  requireKeepable(`The properties of image ${image.id} that are replaced`, changes);
  await remember?.(changes);
  if (operations.length > 0) await patchOnce({ glance, image }, wanted, { operations, changes }, signal);
  return changes;
};
