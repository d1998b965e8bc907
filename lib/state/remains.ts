import type { Copy } from './copy.ts';
import type { ImportRef, Making } from './refs.ts';
import type { Task } from './task.ts';

/** A claim, as far as one looks at it from outside. */
export interface ClaimView extends ImportRef {
  /** ms since 1970. */
  readonly staleAt: number;
  readonly isEnding: boolean;
}

/** A seat whose attempt has died, or the place of a project's first that asks no more. */
export interface DeadSeat {
  /** As the store calls it. */
  readonly name: string;
  /** Since when nobody has it, ms since 1970. */
  readonly sinceMs: number;
}

/** All that is kept, in the form of one long list. Of tasks only what the sweep's rules look at. */
export interface Remains {
  readonly tasks: readonly Pick<
    Task,
    'region' | 'imageId' | 'taskId' | 'status' | 'updatedAt' | 'revivals' | 'ending' | 'copyId' | 'failure'
  >[];
  readonly claims: readonly ClaimView[];
  readonly copies: readonly Copy[];
  /** Of which copies there are checkpoints of parts, each once: of a large one there are ten thousand. */
  readonly parts: readonly Making[];
  /** At all steps. */
  readonly seats: readonly DeadSeat[];
}

export interface StoreSweep {
  /**
   * Reads everything, page by page: what is seen first may be older than what is seen last.
   * @throws the signal's reason between two pages
   */
  look(options: { readonly signal: AbortSignal }): Promise<Remains>;
  /** Removes a seat, unless it was taken again. */
  forgetSeat(seat: DeadSeat): Promise<void>;
}
