import type { AttemptId } from '../schemas/ids.ts';

/** What a message finds: `mine`, work; `live`, another attempt is at it; `lost`, there is nothing to work at any more. */
export type Begun = 'mine' | 'live' | 'lost';

/**
 * At most one attempt at a time works at an import, or at a row of a copy. Its lease ends by itself unless it is renewed;
 * then another one may begin.
 */
export interface Leases<Ref> {
  /** How long a lease lasts without a sign of life, ms: a little less than a message stays hidden. */
  readonly leaseMs: number;
  begin(ref: Ref, attempt: AttemptId): Promise<Begun>;
  /** @returns false when it is not this attempt's any more, or what it works at has ended */
  renew(ref: Ref, attempt: AttemptId): Promise<boolean>;
  /**
   * Keeps how much of the work is stored when an attempt begins, in one unit for all of it. Less than before is kept as
   * well: what was lost is made up for from there.
   * @returns whether that is more than what was kept last
   */
  advance(ref: Ref, attempt: AttemptId, stored: number): Promise<boolean>;
  /** The attempt ends, the work goes on: it waits for its next message. */
  pause(ref: Ref, attempt: AttemptId): Promise<void>;
}
