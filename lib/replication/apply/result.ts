import type { Change } from '../plan/change.ts';

/**
 * What has become of a change. `kept`: the image is as it was, and that is no fault: somebody uses it, it has changed
 * since the plan, its turn has not come. The next run plans it again.
 */
export type Outcome = 'done' | 'kept' | 'failed';

export interface Result {
  readonly change: Change;
  readonly outcome: Outcome;
  /** For people. */
  readonly reason: string;
  /** Of what has failed: another try may do better. */
  readonly isPassing?: boolean;
  /** Its turn has not come. */
  readonly isTimeEnded?: boolean;
}

/** An outcome with its reason. */
export type Verdict = Omit<Result, 'change'>;

export const done = (reason: string): Verdict => ({ outcome: 'done', reason });
export const kept = (reason: string): Verdict => ({ outcome: 'kept', reason });
export const failed = (reason: string, isPassing = false): Verdict => ({
  outcome: 'failed',
  reason,
  ...(isPassing && { isPassing }),
});
export const timeEnded = (): Verdict => ({
  ...kept('the time has ended, the next run goes on'),
  isTimeEnded: true,
});
