import type { AttemptId, TaskId } from '../schemas/ids.ts';
import type { Begun, Leases } from './leases.ts';
import type { ImportRef, Target } from './refs.ts';

/**
 * Claims on targets: one import for each, and one attempt at a time at its steps. A claim gets stale when there was no
 * sign of life for long, and a new request may take the target over: after a minute while it is asked for, 30 while an
 * attempt works, 120 while a message or a copy is waited for.
 */
export interface Claims extends Leases<ImportRef> {
  /** @returns false when another import has the target; the task that was preempted, if any, when it was stale */
  take(ref: ImportRef): Promise<false | { readonly preempted: TaskId | undefined }>;
  /**
   * Gives a target back for which nothing could be queued: to the import that was preempted for it, as silent as that
   * was, or to nobody. @returns false when a step has begun all the same
   */
  takeBack(ref: ImportRef, preempted: TaskId | undefined): Promise<boolean>;
  /** The first message is queued: the claim may wait for it. */
  queued(ref: ImportRef): Promise<void>;
  /** Whose the target is, unless that is stale. */
  holder(target: Target): Promise<TaskId | undefined>;
  /** Begins an attempt at ending an import: also when it ends badly already, and when nobody has the target. */
  beginEnd(ref: ImportRef, attempt: AttemptId): Promise<Begun>;
  /** A sign of life of what an import waits for. @returns false when the target is not this import's any more, or it ends */
  keepWaiting(ref: ImportRef): Promise<boolean>;
  /**
   * The import ends. When badly, no attempt begins or goes on but one that ends it; when well, the step that ends it may
   * come again.
   */
  end(ref: ImportRef, outcome: 'success' | 'failure'): Promise<void>;
  /**
   * The import is called off: as when it ends badly, and an attempt at work finds at its next heartbeat that it is none any
   * more. Who ends the import waits until that one's lease is over. Nothing for one that ends already.
   */
  callOff(ref: ImportRef): Promise<void>;
  release(ref: ImportRef): Promise<void>;
  /** Releases a claim of no import, if it has been stale since before that time, ms since 1970. */
  releaseStale(ref: ImportRef, beforeMs: number): Promise<void>;
}
