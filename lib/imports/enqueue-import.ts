import type { Outbox } from '../aws/queue.ts';
import { asFerryError, FerryError } from '../errors.ts';
import { logOf } from '../log.ts';
import type { TaskId } from '../schemas/ids.ts';
import type { Claims } from './claims.ts';
import type { ImportMessage } from './messages.ts';
import type { Task } from './task.ts';
import type { Tasks } from './tasks.ts';

export interface EnqueueServices {
  readonly tasks: Tasks;
  readonly claims: Claims;
  readonly streamQueue: Outbox<ImportMessage>;
  readonly failQueue: Outbox<ImportMessage>;
}

/** Whatever fails here leaves an import that never ran: its claim is free after a minute, sweep-imports ends the rest. */
const inVain = async (task: Task, what: string, run: Promise<void>): Promise<void> => {
  await run.catch((error: unknown) => logOf(task).warn(what, { error: asFerryError(error) }));
};

/**
 * What a task that was pushed aside has set on the target is the new one's to put back, should that fail as well.
 * @returns the changes of the task before, if it had made any
 */
const takenOver = async ({ tasks }: EnqueueServices, { imageId }: Task, id: TaskId | undefined) => {
  const changes = id && (await tasks.get({ imageId, id }))?.changes;
  return changes ? { changes } : {};
};

/**
 * A POST that is answered by an error has queued nothing: where a message has left all the same, it finds no claim.
 * @returns false for an import that is at work, or has ended: only the answer to its message was lost
 */
const isTakenBack = async ({ tasks, claims }: EnqueueServices, task: Task): Promise<boolean> =>
  (await claims.takeBack(task.imageId, task.id)) && (await tasks.takeBack(task));

/**
 * Claims the image and queues its import. An import that was silent for long is pushed aside: fail-import clears up what
 * it has left, here is only sent for.
 * @throws FerryError `conflict` when another import has the image; nothing is queued then, nor after any other error
 */
export const enqueueImport = async (services: EnqueueServices, task: Task): Promise<void> => {
  const { claims, tasks, streamQueue, failQueue } = services;
  const { imageId, id: taskId } = task;
  const taken = await claims.take(imageId, taskId);
  if (!taken) {
    const reason = 'is not permitted as prior operation is still in progress';
    throw new FerryError('conflict', `New operation on image '${imageId}' ${reason}`);
  }
  try {
    await tasks.create({ ...task, ...(await takenOver(services, task, taken.replaced)) });
    await streamQueue.send({ imageId, taskId });
  } catch (error) {
    if (await isTakenBack(services, task).catch(() => true)) throw error;
  } finally {
    const { replaced } = taken;
    if (replaced)
      await inVain(task, 'replaced import not ended', failQueue.send({ imageId, taskId: replaced }));
  }
  await inVain(task, 'claim not marked as queued', claims.queued(imageId, taskId));
};
