import { FerryError, hasCode } from '../../errors.ts';
import type { Glance } from '../../openstack/glance.ts';
import { type Changes, patchBack } from '../../properties/changes.ts';
import type { GlanceImage } from '../../schemas/openstack.ts';
import type { OpenAccess } from '../record/access.ts';
import { type EndingRun, type EndServices, endImport } from './end-import.ts';
import { isGiven, type ReachedServices } from '../record/is-given.ts';
import { targetImage } from '../record/look-at-target.ts';
import type { Step, StepRun } from '../../steps/run-step.ts';
import { successOf } from './success.ts';
import type { Ending, Task } from '../record/task.ts';

export interface FailServices extends EndServices, ReachedServices {
  readonly openAccess: OpenAccess;
}

const unknownReason = 'The function that worked on the import ended without a word, several times';

/** Tries, of the ten that a message has, after which a target that cannot be put back is left and told of. */
const mostTries = 8;
/** What the failed import leaves of its target, in words that follow the reason; nothing where it is as before. */
const notes = {
  saving: (id: string) =>
    `. Image ${id} is in saving, where it takes no other import: where Glance does not bring that to an end (it was ` +
    'killed), delete it and import into a new one',
  changed: () => '. Its formats and properties could not be put back: look at them before another import',
  formats: (id: string) =>
    `. Image ${id} was made active meanwhile, with the formats that this import has set`,
  unseen: () => '. Whether the target has become active could not be looked at',
} as const;

const isChanged = ({ changes = {} }: Task): boolean => Object.keys(changes).length > 0;

/** Why nothing can be done about the target, or nothing any more. */
const noteOf = ({ task }: StepRun, error: unknown): string => {
  // A deleted image has nothing left to put back.
  if (hasCode(error, 'not-found')) return '';
  if (task.transferred && task.isApplied) return `${notes.unseen()}${isChanged(task) ? notes.changed() : ''}`;
  return isChanged(task) ? notes.changed() : '';
};

/** Whether another try may find the target otherwise. */
const isWorthAnother = (error: unknown, { receiveCount }: StepRun): boolean =>
  receiveCount < mostTries &&
  !hasCode(error, 'not-found', 'unauthorized', 'forbidden', 'bad-request', 'misconfigured');

/** What can be put back of an image in this state: Glance takes formats of a queued one only. */
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

/** @returns what is left, in words. @throws FerryError, retryable, while Glance saves */
const putBack = async (target: Glance, image: GlanceImage, run: StepRun): Promise<string> => {
  const { task, receiveCount, signal } = run;
  if (image.status === 'saving') {
    // Glance returns by itself as soon as it sees an upload gone; one that was killed never does.
    if (receiveCount >= mostTries) return notes.saving(image.id);
    throw new FerryError('unavailable', `Image ${image.id} is still saving`);
  }
  const operations = patchBack(image, changesOf(task, image));
  // A replica that is behind shows what was there before our own PATCH: another look, later, tells.
  if (operations.length === 0 && isChanged(task) && image.status === 'queued' && receiveCount === 1)
    throw new FerryError('unavailable', `Image ${image.id} shows nothing of what was set`);
  if (operations.length > 0) await target.patch(task.imageId, operations, { signal });
  return image.status !== 'queued' && hasOurFormats(task, image) ? notes.formats(image.id) : '';
};

/** Puts the target back as it was. An upload that ended while we thought it had failed leaves what was asked for. */
const undo = async (services: FailServices, run: StepRun): Promise<Ending> => {
  const { task, signal } = run;
  const failed = (note: string): Ending => ({
    status: 'failure',
    message: `${task.failure ?? unknownReason}${note}`,
  });
  if (!task.transferred && !isChanged(task)) return failed('');
  try {
    const { target } = await services.openAccess(task, { signal });
    const image = await targetImage(target, task.imageId, { signal });
    const mayRead = run.receiveCount < mostTries;
    if (await isGiven(services, run, image, { mayRead })) return successOf(task);
    return failed(await putBack(target, image, run));
  } catch (error) {
    if (signal.aborted || isWorthAnother(error, run)) throw error;
    run.log.warn('target not put back', { error: error as Error });
    return failed(noteOf(run, error));
  }
};

/**
 * The step `fail-import`: undoes what an import has done and says why. The target is `queued` with its old formats
 * and properties, the relay bucket is empty, the claim is free; a second import of the same image works.
 */
export const createFailImport =
  (services: FailServices): Step =>
  async (run) => {
    // Before the target is touched: a message that comes late finds nothing to work at.
    await services.claims.end(run.task, 'failure');
    const ending = run.task.ending ?? (await undo(services, run));
    await endImport(services, run, ending);
    return undefined;
  };

/**
 * Ends an import that has lost its image: another one has pushed it aside after a long silence, or its claim is gone.
 * The target is not touched, since it may be another import's by now, which has taken over what is to be put back.
 */
export const createEndLost =
  (services: EndServices) =>
  async (run: EndingRun): Promise<void> => {
    // Glance's own words.
    const preempted = { status: 'failure', message: run.task.failure ?? 'Expired lock preempted' } as const;
    await endImport(services, run, run.task.ending ?? preempted);
  };
