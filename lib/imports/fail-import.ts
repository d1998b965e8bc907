import { setTimeout as delay } from 'node:timers/promises';
import type { RelayStore } from '../aws/relay-store.ts';
import { FerryError, hasCode } from '../errors.ts';
import type { Glance } from '../openstack/glance.ts';
import { patchBack } from '../properties/changes.ts';
import type { GlanceImage } from '../schemas/openstack.ts';
import type { OpenAccess } from './access.ts';
import type { Claims } from './claims.ts';
import { holdsTransferred } from './holds-transferred.ts';
import type { Step, StepRun } from './run-step.ts';
import { objectKey, type Task } from './task.ts';
import type { Tasks } from './tasks.ts';

export interface FailServices {
  readonly tasks: Tasks;
  readonly claims: Claims;
  readonly relay: RelayStore;
  readonly openAccess: OpenAccess;
}

const unknownReason = 'The function that worked on the import ended without a word, several times';

const lookAgainMs = 500;

/** A part that arrives after the upload was aborted stays for ever: segments at work stop first, at their heartbeat. */
const stopSegments = async ({ claims }: FailServices, { task, signal }: StepRun): Promise<void> => {
  while (!(await claims.stopSegments(task))) await delay(lookAgainMs, undefined, { signal });
};

const clearRelay = async ({ relay }: FailServices, { task, signal }: StepRun): Promise<void> => {
  const key = objectKey(task);
  if (task.uploadId) await relay.abortUpload(key, task.uploadId, { signal });
  await relay.remove(key, { signal });
};

/** An upload that ended while we thought it had failed leaves what the user asked for. */
const isDone = ({ transferred }: Task, image: GlanceImage): boolean =>
  image.status === 'active' && transferred !== undefined && holdsTransferred(image, transferred);

const putBack = async (target: Glance, image: GlanceImage, { task, signal }: StepRun): Promise<void> => {
  // Glance refuses formats in any other state, and returns from `saving` by itself.
  if (image.status === 'saving') throw new FerryError('unavailable', `Image ${image.id} is still saving`);
  if (image.status !== 'queued') return;
  const operations = patchBack(image, task.changes ?? {});
  if (operations.length > 0) await target.patch(task.imageId, operations, { signal });
};

/** @returns whether the import turned out to be done; what could not be put back is said, not tried for ever */
const undoTarget = async (services: FailServices, run: StepRun): Promise<{ done: boolean; note: string }> => {
  const { task, signal } = run;
  if (!task.transferred && !task.changes) return { done: false, note: '' };
  try {
    const { target } = await services.openAccess(task, { signal });
    const image = await target.image(task.imageId, { signal });
    if (isDone(task, image)) return { done: true, note: '' };
    await putBack(target, image, run);
    return { done: false, note: '' };
  } catch (error) {
    if (hasCode(error, 'not-found')) return { done: false, note: '' };
    // Everything else, a conflict too, may be gone at the next try, which looks anew.
    if (!hasCode(error, 'unauthorized', 'forbidden', 'bad-request')) throw error;
    run.log.warn('target not put back', { error: error as Error });
    const isChanged = Object.keys(task.changes ?? {}).length > 0;
    return { done: false, note: isChanged ? '. Its formats and properties could not be put back' : '' };
  }
};

/**
 * The step `fail-import`: undoes what an import has done and says why. The target is `queued` with its old formats
 * and properties, the relay bucket is empty, the claim is free; a second import of the same image works.
 */
export const createFailImport =
  (services: FailServices): Step =>
  async (run) => {
    const { task } = run;
    if (task.segments) await stopSegments(services, run);
    const { done, note } = await undoTarget(services, run);
    await clearRelay(services, run);
    const end = done
      ? ({ status: 'success', message: task.message } as const)
      : ({ status: 'failure', message: `${task.failure ?? unknownReason}${note}` } as const);
    await services.tasks.finish(task, end);
    await services.claims.release(task.imageId, task.id);
    run.log.warn('import ended by fail-import', end);
    return undefined;
  };
