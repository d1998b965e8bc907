import type { FerryError } from '../errors.ts';
import type { ImportRef, Target } from './refs.ts';
import type { Ending, Task } from './task.ts';

/** What may change on a task that runs; what is given as undefined is removed. */
export type TaskChanges = {
  readonly [K in
    | 'status'
    | 'message'
    | 'copyId'
    | 'transferred'
    | 'wanted'
    | 'changes'
    | 'isApplied'
    | 'isUploaded'
    | 'revivals']?: Task[K] | undefined;
};

/** The task records. */
export interface Tasks {
  create(task: Task): Promise<void>;
  /** Takes back a task that was never queued. @returns false for one that a step has worked on */
  takeBack(ref: ImportRef): Promise<boolean>;
  get(ref: ImportRef): Promise<Task | undefined>;
  /** A target's tasks, oldest first. */
  list(target: Target): Promise<readonly Task[]>;
  /** Changes a task that has not ended. @returns false for one that has */
  update(ref: ImportRef, changes: TaskChanges): Promise<boolean>;
  /** Keeps why a try failed; the first reason that is final stays. */
  fail(ref: ImportRef, error: Pick<FerryError, 'explanation' | 'code'>): Promise<void>;
  /** What an earlier try has failed by is over; a reason that is final stays. */
  recover(ref: ImportRef): Promise<void>;
  /** Settles how a task ends, once: @returns what was settled, now or before, or undefined for one that has ended */
  decide(ref: ImportRef, ending: Ending): Promise<Ending | undefined>;
  /** Ends a task: its secrets go, the code of a failure stays, and Glance's 48 hours until its own end begin. */
  finish(ref: ImportRef, ending: Ending): Promise<void>;
}
