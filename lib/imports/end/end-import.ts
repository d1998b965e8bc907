import { setTimeout as delay } from 'node:timers/promises';
import type { RelayStore } from '../../aws/relay-store.ts';
import { countFailed, countSucceeded } from '../../metrics.ts';
import type { Claims } from '../record/claims.ts';
import type { StepRun } from '../../steps/run-step.ts';
import { type Ending, objectKey, type Task } from '../record/task.ts';
import type { Tasks } from '../record/tasks.ts';

export interface EndServices {
  readonly tasks: Tasks;
  readonly claims: Claims;
  readonly relay: RelayStore;
}

/** What of a run its end needs. */
export type EndingRun = Pick<StepRun, 'task' | 'signal' | 'log'>;

const lookAgainMs = 500;

/** Glance's form of a time has no zone; it is UTC. */
const secondsSince = (time: string): number => (Date.now() - Date.parse(`${time}Z`)) / 1000;

/** An import whose function ended without a word, or that was pushed aside, has no code but `internal`. */
const count = ({ transferred, failureCode, createdAt }: Task, { status }: Ending): void =>
  status === 'success'
    ? countSucceeded({ bytes: transferred?.size ?? 0, seconds: secondsSince(createdAt) })
    : countFailed(failureCode ?? 'internal');

/**
 * The one end of every import, well or badly or pushed aside by another one: no attempt begins any more, the relay is
 * empty, the table forgets the copy, the task says how it ended, the image is free. It may run twice, side by side, or
 * die anywhere, and be entered again by any step: what is settled first stays, and every write is the same again.
 */
export const endImport = async (
  { tasks, claims, relay }: EndServices,
  { task, signal, log }: EndingRun,
  ending: Ending,
): Promise<void> => {
  const settled = await tasks.decide(task, ending);
  // It has ended before, but for its last write.
  if (!settled) return await claims.release(task.imageId, task.id);
  // A part that arrives after its upload was aborted stays for ever: segments at work stop first, at their heartbeat.
  while (!(await claims.end(task, settled.status))) await delay(lookAgainMs, undefined, { signal });
  const key = objectKey(task);
  // By its id as well: some stores do not list their uploads, Swift's list is behind.
  if (task.uploadId) await relay.abortUpload(key, task.uploadId, { signal });
  await relay.clear(key, { signal });
  await tasks.forgetCopy(task);
  await tasks.finish(task, settled);
  await claims.release(task.imageId, task.id);
  count(task, settled);
  const { status, message: reason } = settled;
  log[status === 'success' ? 'info' : 'warn']('import ended', {
    status,
    reason,
    bytes: task.transferred?.size,
  });
};
