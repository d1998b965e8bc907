import type { Logger } from '@aws-lambda-powertools/logger';
import { type LeaveServices, leaveCopy } from '../../copies/end/leave-copy.ts';
import type { ErrorCode } from '../../errors.ts';
import { countFailed, countSucceeded } from '../../metrics.ts';
import type { Announce } from '../../state/announce.ts';
import type { Claims } from '../../state/claims.ts';
import { type Ending, msOf, type Task } from '../../state/task.ts';
import type { Tasks } from '../../state/tasks.ts';
import { nowEnded } from '../record/state-change.ts';

export interface EndServices extends LeaveServices {
  readonly tasks: Tasks;
  readonly claims: Claims;
  readonly announce: Announce;
}

/** What of a run its end needs. */
export interface EndingRun {
  readonly task: Task;
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** An import whose function ended without a word, or that was preempted, has no code but `internal`. */
const count = ({ region, transferred, failureCode, createdAt }: Task, { status }: Ending): void => {
  const seconds = (Date.now() - msOf(createdAt)) / 1000;
  if (status === 'success') countSucceeded({ region, bytes: transferred?.size ?? 0, seconds });
  else countFailed(failureCode ?? 'internal', region);
};

/** Failures that may be the kept object's: it is not whole, or not there any more, which S3 calls passing (NoSuchKey). */
const mayBeOfObject: ReadonlySet<ErrorCode | undefined> = new Set<ErrorCode>([
  'not-found',
  'data-mismatch',
  'unavailable',
  'internal',
]);

/** A copy that an import leaves last which has failed by its object is not kept: it would fail all who come later. */
const keepMsOf = ({ keepMs }: EndServices, { failureCode }: Task, { status }: Ending): number =>
  status === 'failure' && mayBeOfObject.has(failureCode) ? 0 : keepMs;

/**
 * The one end of every import, well or badly or preempted by another one: no attempt begins any more, the copy has one
 * less who waits, or is cleared up, others are told, the task says how it ended, the target is free. It may run twice, side
 * by side, or die anywhere, and be entered again by any step: what is settled first stays, and every write is the same
 * again. The task ends after its copy is left and others are told, so that whatever comes again finds what there still is
 * to be done.
 */
export const endImport = async (
  services: EndServices,
  { task, signal, log }: EndingRun,
  ending: Ending,
): Promise<void> => {
  const { tasks, claims, announce } = services;
  const settled = await tasks.decide(task, ending);
  // It has ended before, but for its last write.
  if (!settled) return await claims.release(task);
  await claims.end(task, settled.status);
  const keepMs = keepMsOf(services, task, settled);
  if (task.copyId) await leaveCopy({ ...services, keepMs }, task.copyId, task, { signal });
  await announce(nowEnded(task, settled));
  await tasks.finish(task, settled);
  await claims.release(task);
  count(task, settled);
  const { status, message: reason } = settled;
  const bytes = task.transferred?.size;
  log[status === 'success' ? 'info' : 'warn']('import ended', { status, reason, bytes });
};
