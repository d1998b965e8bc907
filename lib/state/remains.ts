import type { CopyId } from '../schemas/ids.ts';
import type { Copy } from './copy.ts';
import type { ImportRef } from './refs.ts';
import type { Task } from './task.ts';

/** A claim, as far as one looks at it from outside. */
export interface ClaimView extends ImportRef {
  /** ms since 1970. */
  readonly staleAt: number;
  readonly isEnding: boolean;
}

/** Something in the store that the sweep may forget, named by the store. */
export interface Leftover {
  readonly name: string;
  /** The copy that it is a checkpoint of; undefined for a seat. */
  readonly copyId: CopyId | undefined;
  readonly generation: string | undefined;
  /** Since when nobody has it, ms since 1970, of a seat. */
  readonly deadSinceMs: number | undefined;
}

/** All that is kept, in the form of one long list. Of tasks only what the sweep's rules look at. */
export interface Remains {
  readonly tasks: readonly Pick<
    Task,
    'region' | 'imageId' | 'taskId' | 'status' | 'updatedAt' | 'revivals' | 'ending' | 'copyId'
  >[];
  readonly claims: readonly ClaimView[];
  readonly copies: readonly Copy[];
  readonly leftovers: readonly Leftover[];
}

export interface StoreSweep {
  /** Reads everything, page by page. */
  look(): Promise<Remains>;
  forget(leftover: Leftover): Promise<void>;
}
