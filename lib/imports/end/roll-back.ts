import { FerryError, hasCode } from '../../errors.ts';
import type { Glance } from '../../openstack/glance/glance.ts';
import { rollbackPatch } from '../../properties/changes.ts';
import type { ImageId } from '../../schemas/ids.ts';
import type { GlanceImage } from '../../schemas/openstack.ts';
import type { ImportRef } from '../../state/refs.ts';
import type { Changes, Task } from '../../state/task.ts';
import type { StepRun } from '../../steps/step.ts';

/** A try at ending an import that has failed. */
export type FailRun = StepRun<ImportRef, Task>;

/** Tries, of the ten that a message has, after which a target that cannot be rolled back is left, and reported. */
export const mostTries = 8;

/** What the failed import leaves of its target, in words that follow the reason; nothing where it is as before. */
const notes = {
  saving: (id: ImageId) =>
    `. Image ${id} is in saving, where it takes no other import: where Glance does not bring that to an end (it was ` +
    'killed), delete it and import into a new one',
  changed: () => '. Its formats and properties could not be rolled back: look at them before another import',
  formats: (id: ImageId) =>
    `. Image ${id} was made active meanwhile, with the formats that this import has set`,
  unseen: () => '. Whether the target has become active could not be looked at',
} as const;

export const isChanged = ({ changes = {} }: Task): boolean => Object.keys(changes).length > 0;

/** Why nothing can be done about the target, or nothing any more. */
export const noteOf = (task: Task, error: unknown): string => {
  // A deleted image has nothing left to roll back.
  if (hasCode(error, 'not-found')) return '';
  if (task.transferred && task.isApplied) return `${notes.unseen()}${isChanged(task) ? notes.changed() : ''}`;
  return isChanged(task) ? notes.changed() : '';
};

/** Whether another try may find the target otherwise. */
export const isWorthAnother = (error: unknown, { receiveCount }: FailRun): boolean =>
  receiveCount < mostTries &&
  !hasCode(error, 'not-found', 'unauthorized', 'forbidden', 'bad-request', 'misconfigured');

/** What can be rolled back of an image in this state: Glance takes formats of a queued one only. */
const changesOf = ({ changes = {} }: Task, { status }: GlanceImage): Changes => {
  if (status === 'queued') return changes;
  const { disk_format, container_format, ...properties } = changes;
  return properties;
};

/** Whether an image has kept formats that we have set, and that it did not have before. */
const hasOurFormats = ({ changes = {} }: Task, image: GlanceImage): boolean =>
  (['disk_format', 'container_format'] as const).some(
    (name) => changes[name] !== undefined && image[name] === changes[name].set,
  );

/**
 * Rolls the target back to the formats and properties that it had before the import.
 * @returns what is left, in words
 * @throws FerryError, retryable, while Glance saves
 */
export const rollBack = async (target: Glance, image: GlanceImage, run: FailRun): Promise<string> => {
  const { subject: task, receiveCount, signal } = run;
  if (image.status === 'saving') {
    // Glance returns by itself as soon as it sees an upload gone; one that was killed never does.
    if (receiveCount >= mostTries) return notes.saving(task.imageId);
    throw new FerryError('unavailable', `Image ${image.id} is still saving`);
  }
  const operations = rollbackPatch(image, changesOf(task, image));
  // A replica that is behind shows what was there before our own PATCH: another look, later, tells.
  if (operations.length === 0 && isChanged(task) && image.status === 'queued' && receiveCount === 1)
    throw new FerryError('unavailable', `Image ${image.id} shows nothing of what was set`);
  if (operations.length > 0) await target.patch(task.imageId, operations, { signal });
  return image.status !== 'queued' && hasOurFormats(task, image) ? notes.formats(task.imageId) : '';
};
