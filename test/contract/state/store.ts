import type { Claims } from '../../../lib/state/claims.ts';
import type { Copies } from '../../../lib/state/copies.ts';
import type { Locks } from '../../../lib/state/locks.ts';
import type { StepName } from '../../../lib/state/messages.ts';
import type { StoreSweep } from '../../../lib/state/remains.ts';
import type { SeatTable } from '../../../lib/state/seats.ts';
import type { Tasks } from '../../../lib/state/tasks.ts';

/** How long leases last in the contract, ms. */
export const leaseMs = 50_000;
/** Hours that ended tasks are listed. */
export const ttlH = 48;

/** The ports of the state, over one store. */
export interface State {
  readonly claims: Claims;
  readonly tasks: Tasks;
  readonly copies: Copies;
  readonly sweep: StoreSweep;
  readonly locks: Locks;
  seatsAt(step: StepName): SeatTable;
}

/** A store the contract is checked on. */
export interface StateStore {
  /** @param before is awaited before each request to the store */
  open(before?: () => Promise<unknown>): State;
  /** Whose writes reach the store twice, as after a lost answer. @param before is awaited before each time */
  openTwice(before: () => Promise<unknown>): State;
  /** Whose writes are all sent twice, as if the first answer was lost. @param between what others do in between */
  openLosing(between?: () => Promise<unknown>): State;
  /** When the records that hold this word are forgotten by themselves, ms since 1970. */
  expiriesOf(word: string): Promise<readonly number[]>;
}
