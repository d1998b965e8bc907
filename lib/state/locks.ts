import type { AttemptId, RegionName } from '../schemas/ids.ts';

/** What is done by one attempt at a time: to begin an import of a policy in a region. */
export interface Lock {
  readonly policy: string;
  readonly region: RegionName;
}

/** Locks end by themselves after a crash, when no function of the deployment can be at work any more that had them. */
export interface Locks {
  /** @returns false when another attempt has it */
  take(lock: Lock, attempt: AttemptId): Promise<boolean>;
  release(lock: Lock, attempt: AttemptId): Promise<void>;
}
