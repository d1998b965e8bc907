import type { AttemptId } from '../schemas/ids.ts';
import type { CopyMessage, Sending } from '../state/messages.ts';

/** What is to happen after a run of a step; whoever runs it does so. */
export type Outcome =
  /** Nothing: its message is deleted. */
  | { readonly next: 'done' }
  /** Others go on: these messages are sent, its own is deleted. */
  | { readonly next: 'send'; readonly messages: readonly Sending[] }
  /** There is more to do: the same message is sent anew, so that the count of its receipts begins again. */
  | { readonly next: 'again'; readonly delayS?: number }
  /** The same invocation goes on with a copy, if nobody else is at it. */
  | { readonly next: 'copy'; readonly inHand: CopyInHand };

/** A copy that an invocation is to go on with. */
export interface CopyInHand {
  readonly message: CopyMessage;
  /** That has its lease already; another one is begun when absent. */
  readonly attempt?: AttemptId;
  /** When that was asked for, by performance.now(). */
  readonly sinceMs?: number;
  /**
   * An earlier run of the same message may have been at it, and have died with its lease: whoever has that now need not
   * be alive, so that a message of the copy's own is to look again.
   */
  readonly isAgain?: boolean;
}

export const done: Outcome = { next: 'done' };

export const again = (delayS = 0): Outcome => ({ next: 'again', delayS });

export const send = (...messages: readonly Sending[]): Outcome => ({ next: 'send', messages });
