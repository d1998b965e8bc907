import { setTimeout as delay } from 'node:timers/promises';
import { hasEnded, type Task } from '../../lib/state/task.ts';
import type { LoadCloud, Requested } from './cloud.ts';

const lookAgainMs = 500;
/** Longer than any message stays hidden, or is delayed, once its import has ended. */
const drainWithinMs = 90_000;

const endedOf = (tasks: ReadonlyMap<string, Task>, requested: readonly Requested[]): readonly Task[] =>
  requested.flatMap(({ taskId }) => {
    const task = tasks.get(taskId);
    return task && hasEnded(task) ? [task] : [];
  });

/**
 * Waits until all of these imports have ended.
 * @returns their tasks; those of imports that had not ended in time are missing
 */
export const untilEnded = async (
  cloud: LoadCloud,
  requested: readonly Requested[],
  patienceS: number,
): Promise<readonly Task[]> => {
  const end = Date.now() + patienceS * 1000;
  for (;;) {
    const ended = endedOf(await cloud.tasks(), requested);
    if (ended.length === requested.length || Date.now() > end) return ended;
    await delay(lookAgainMs);
  }
};

/** What is wrong with imports that should have succeeded. */
export const faultsOf = (
  cloud: LoadCloud,
  requested: readonly Requested[],
  ended: readonly Task[],
): readonly string[] => {
  const tasks = new Map<string, Task>(ended.map((task) => [task.taskId, task]));
  return requested.flatMap(({ taskId, targetId, source }) => {
    const task = tasks.get(taskId);
    if (!task) return [`the import of ${targetId} has not ended`];
    if (task.status !== 'success') return [`the import of ${targetId} failed: ${task.message}`];
    const target = cloud.openstack.regions.REGION2.image(targetId);
    if (target?.status !== 'active') return [`${targetId} is ${target?.status} after its import`];
    return target.os_hash_value === source.os_hash_value
      ? []
      : [`${targetId} has another hash than its source`];
  });
};

/** Waits until no message is left, then counts what is. @returns what should not be there */
export const leftOver = async (cloud: LoadCloud): Promise<readonly string[]> => {
  for (const end = Date.now() + drainWithinMs; Date.now() < end; await delay(lookAgainMs))
    if ((await cloud.messages()) === 0) break;
  const left = await cloud.left();
  return Object.entries(left).flatMap(([what, count]) => (count === 0 ? [] : [`${count} ${what} left`]));
};

/** Seconds from the request to the end, by the task's own times. */
export const secondsOf = ({ createdAt, updatedAt }: Task): number =>
  (Date.parse(`${updatedAt}Z`) - Date.parse(`${createdAt}Z`)) / 1000;
