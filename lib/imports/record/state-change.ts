import type { StateChange } from '../../state/announce.ts';
import { type Ending, msOf, type Task } from '../../state/task.ts';

/** By clocks that may differ. */
const secondsSince = (time: string): number => Math.max(0, Date.now() - msOf(time)) / 1000;

/** An import whose function ended without a word, or that was preempted, has no code but `internal`. */
const failureIn = ({ failureCode = 'internal' }: Task, { status, message }: Ending) =>
  status === 'failure' ? { reason: message, code: failureCode } : undefined;

const changeOf = (task: Task, change: Pick<StateChange, 'state' | 'previous' | 'failure'>): StateChange => {
  const { region, imageId, taskId, requestId, owner, source, copyId, transferred, createdAt } = task;
  return {
    region,
    imageId,
    taskId,
    requestId,
    projectId: owner,
    source:
      source.kind === 'glance-download' ? { region: source.region, imageId: source.imageId } : undefined,
    copyId,
    bytes: transferred?.size,
    sha512: transferred?.digests['sha512'],
    seconds: secondsSince(createdAt),
    ...change,
  };
};

/** An import was asked for, and is queued. */
export const nowPending = (task: Task): StateChange =>
  changeOf(task, { state: 'pending', previous: undefined, failure: undefined });

/** The first step of an import that was pending is at work. */
export const nowProcessing = (task: Task): StateChange =>
  changeOf(task, { state: 'processing', previous: 'pending', failure: undefined });

/** @param task as it was before its end */
export const nowEnded = (task: Task, ending: Ending): StateChange =>
  changeOf(task, { state: ending.status, previous: task.status, failure: failureIn(task, ending) });
