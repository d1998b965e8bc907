import { hasCode } from '../../errors.ts';
import { logOf } from '../../log.ts';
import type { GlanceImage } from '../../schemas/openstack.ts';
import type { Copies } from '../../state/copies.ts';
import type { ImportMessage } from '../../state/messages.ts';
import type { ImportRef } from '../../state/refs.ts';
import { type Ending, hasEnded, type Task } from '../../state/task.ts';
import { done } from '../../steps/outcome.ts';
import type { Step } from '../../steps/step.ts';
import type { OpenAccess } from '../access/access.ts';
import { workOnImports } from '../record/import-step.ts';
import { targetImage } from '../record/look-at-target.ts';
import { type EndServices, endImport } from './end-import.ts';
import { failureOf } from './failure-of.ts';
import { type IsGivenServices, isGiven } from './is-given.ts';
import { type FailRun, isChanged, isWorthAnother, mostTries, noteOf, rollBack } from './roll-back.ts';
import { successOf } from './success.ts';

export interface FailServices extends EndServices, IsGivenServices {
  readonly copies: Copies;
  readonly openAccess: OpenAccess;
}

/** Keeps why the import fails in its task, since its copy may be gone before this run, or another one, gets to the end. */
const withReason = async ({ tasks, copies }: FailServices, task: Task): Promise<Task> => {
  const copy = task.copyId && (await copies.get(task.copyId));
  const { explanation: failure, code: failureCode } = failureOf(task, copy || undefined);
  if (failure === task.failure) return task;
  await tasks.fail(task, { explanation: failure, code: failureCode });
  return { ...task, failure, failureCode };
};

/** Glance has taken all bytes, and has never said that they are others. */
const isSurelyGiven = ({ isUploaded, failureCode }: Task): boolean =>
  isUploaded === true && failureCode !== 'data-mismatch';

/** Rolls the target back, unless an upload that we thought had failed has given it all that was asked for. */
const rollBackUnlessGiven = async (services: FailServices, run: FailRun): Promise<Ending> => {
  const { subject: task, signal } = run;
  const failed = (note: string): Ending => ({ status: 'failure', message: `${task.failure}${note}` });
  if (!task.transferred && !isChanged(task)) return failed('');
  try {
    const { target } = await services.openAccess(task, { signal, mayLackServiceUser: true });
    const look = () => targetImage(target, task.imageId, { signal });
    const mayRead = run.receiveCount < mostTries;
    const hasAll = (image: GlanceImage) => isGiven(services, { task, signal }, image, { mayRead });
    const image = await look();
    if (await hasAll(image)) return successOf(task);
    const note = await rollBack(target, image, run).catch(async (error: unknown) => {
      // Refused by an image that is active, and that a replica which is behind has called queued.
      if (await hasAll(await look())) return undefined;
      throw error;
    });
    return note === undefined ? successOf(task) : failed(note);
  } catch (error) {
    if (signal.aborted || isWorthAnother(error, run)) throw error;
    if (isSurelyGiven(task) && !hasCode(error, 'not-found')) return successOf(task, 'unseen');
    run.log.warn('target not rolled back', { error: error as Error });
    return failed(noteOf(task, error));
  }
};

/** Glance's own words. */
const preempted = 'Expired lock preempted';

/**
 * Ends an import that has lost its target: another one has preempted it after a long silence. The target is not touched,
 * since it is the other one's by now, which has taken over what is to be rolled back.
 */
const endLost = async (
  services: EndServices,
  ref: ImportRef,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> => {
  const task = await services.tasks.get(ref);
  if (!task || hasEnded(task)) return;
  const ending = task.ending ?? { status: 'failure', message: task.failure ?? preempted };
  await endImport(services, { task, signal, log: logOf(task) }, ending);
};

/**
 * The step `fail-import`: rolls back what an import has done and says why. The target is `queued` with its old formats
 * and properties, the copy goes on for others or is cleared up, the claim is free; a second import of the same image works.
 */
export const createFailImport = (services: FailServices): Step<ImportRef, Task, ImportMessage> => {
  const { claims } = services;
  return {
    ...workOnImports(services),
    begin: claims.beginEnd,
    run: async (run) => {
      const { subject, signal, log } = run;
      // Before the target is touched: a message that comes late finds nothing to work at.
      await claims.end(subject, 'failure');
      const task = subject.ending ? subject : await withReason(services, subject);
      const ending = task.ending ?? (await rollBackUnlessGiven(services, { ...run, subject: task }));
      await endImport(services, { task, signal, log }, ending);
      return done;
    },
    failed: () => 'retry',
    lost: (ref, options) => endLost(services, ref, options),
  };
};
