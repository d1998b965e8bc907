import type { CopyId } from '../../schemas/ids.ts';
import type { Sending } from '../../state/messages.ts';
import type { ImportRef, Making } from '../../state/refs.ts';
import type { DeadSeat, Remains } from '../../state/remains.ts';

/** All that lies about: what the table has, and the relay's keys, which were listed before it. */
export interface Inventory {
  readonly remains: Remains;
  /** Since when each is there, as far as the store tells. */
  readonly relayKeys: ReadonlyMap<string, Date | undefined>;
  /** Before anything was listed, ms since 1970. */
  readonly nowMs: number;
}

/** What is to be done about something that nobody else takes care of. */
export type SweepAction =
  /** A new message for an import without a sign of life: to go on, or to be ended. */
  | {
      readonly kind: 'send';
      readonly to: 'stream-image' | 'fail-import';
      readonly ref: ImportRef;
      readonly times: number;
      /** What the import is to say of its end, where no step has said more. */
      readonly failure?: string;
    }
  /** New messages for a copy without a sign of life. */
  | { readonly kind: 'resume'; readonly copyId: CopyId; readonly messages: readonly Sending[] }
  /** A claim of no import. */
  | { readonly kind: 'release'; readonly ref: ImportRef; readonly staleBeforeMs: number }
  /** An import that has ended, and has not left its copy. */
  | { readonly kind: 'leave'; readonly copyId: CopyId; readonly ref: ImportRef }
  /** A copy that nobody waits for: kept until now, or left by somebody who has died over it. */
  | { readonly kind: 'end'; readonly copyId: CopyId; readonly nowMs: number }
  /** Checkpoints, an upload or an object of no copy. */
  | { readonly kind: 'clear'; readonly making: Making }
  /** A seat of no attempt. */
  | { readonly kind: 'forget'; readonly seat: DeadSeat };

const hour = 3_600_000; // ms
/** A message may wait in a queue, and a dead letter be on its way, for so long without being lost. */
export const silentAfter = 6 * hour;
/** What nothing is waited for any more: an import without a claim, a copy that ends, a seat. */
export const lostAfter = hour;
/** A claim is stale a minute after a request has died, by clocks that may be ten apart. */
export const claimStaleFor = hour / 4;
/** What lies in the bucket may be another deployment's, whose table this is not: no copy of one takes so long. */
export const leftAfter = 7 * 24 * hour;
