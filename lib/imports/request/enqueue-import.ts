import { asFerryError, FerryError } from '../../errors.ts';
import { logOf } from '../../log.ts';
import { mergeChanges } from '../../properties/changes.ts';
import type { TaskId } from '../../schemas/ids.ts';
import type { Announce } from '../../state/announce.ts';
import type { Claims } from '../../state/claims.ts';
import type { Send } from '../../state/messages.ts';
import { importRef } from '../../state/refs.ts';
import { hasEnded, type Task } from '../../state/task.ts';
import type { Tasks } from '../../state/tasks.ts';
import { nowPending } from '../record/state-change.ts';

export interface EnqueueServices {
  readonly tasks: Tasks;
  readonly claims: Claims;
  readonly send: Send;
  readonly announce: Announce;
}

/** Whatever fails here leaves an import that never ran: its claim is free after a minute, sweep-imports ends the rest. */
const inVain = async (task: Task, what: string, run: Promise<unknown>): Promise<void> => {
  await run.catch((error: unknown) => logOf(task).warn(what, { error: asFerryError(error) }));
};

/**
 * What imports that were preempted have set on the target is the new one's to roll back, should that fail as well: the
 * one before, and those whose own successor died before it could say so.
 * @returns their changes, if they have made any
 */
const takenOver = async ({ tasks }: EnqueueServices, task: Task, preempted: TaskId | undefined) => {
  if (!preempted) return {};
  const unfinished = (await tasks.list(task)).filter((one) => !hasEnded(one));
  const changes = mergeChanges(unfinished.map((one) => one.changes ?? {}));
  return Object.keys(changes).length > 0 ? { changes } : {};
};

/**
 * A POST that is answered by an error has queued nothing: where a message has left all the same, it finds no claim.
 * @returns false for an import that is at work, or has ended: only the answer to its message was lost
 */
const isTakenBack = async (
  { tasks, claims }: EnqueueServices,
  task: Task,
  preempted: TaskId | undefined,
): Promise<boolean> => (await claims.takeBack(importRef(task), preempted)) && (await tasks.takeBack(task));

/**
 * Claims the image and queues its import. An import that was silent for long is preempted: fail-import clears up what
 * it has left, here is only sent for.
 * @throws FerryError `conflict` when another import has the image; nothing is queued then, nor after any other error
 */
export const enqueueImport = async (services: EnqueueServices, task: Task): Promise<void> => {
  const { claims, tasks, send, announce } = services;
  const ref = importRef(task);
  const taken = await claims.take(ref).catch(async (error: unknown) => {
    // The write may have been done all the same.
    await inVain(task, 'claim not taken back', claims.takeBack(ref, undefined));
    throw error;
  });
  if (!taken) {
    const reason = 'is not permitted as prior operation is still in progress';
    throw new FerryError('conflict', `New operation on image '${ref.imageId}' ${reason}`);
  }
  const { preempted } = taken;
  try {
    await tasks.create({ ...task, ...(await takenOver(services, task, preempted)) });
    await send({ to: 'stream-image', message: ref });
  } catch (error) {
    const isUndone = await isTakenBack(services, task, preempted).catch((reason: unknown) => {
      logOf(task).warn('import not taken back', { error: asFerryError(reason) });
      return true;
    });
    if (isUndone) throw error;
  }
  if (preempted) {
    const message = { ...ref, taskId: preempted };
    await inVain(task, 'preempted import not ended', send({ to: 'fail-import', message }));
  }
  // An import that is queued for certain is told of, side by side with what does not matter to whoever waits.
  const marked = inVain(task, 'claim not marked as queued', claims.queued(ref));
  await Promise.all([marked, announce(nowPending(task))]);
};
