import type { AttemptId, CopyId, Generation } from '../schemas/ids.ts';
import type { Copy, CopyChanges, CopyFailure, NewCopy, RowState, StoredPart } from './copy.ts';
import type { Leases } from './leases.ts';
import type { ImportRef, Making, RowRef } from './refs.ts';

/** Numbers, both included. */
export interface PartRange {
  readonly firstPart: number;
  readonly lastPart: number;
}

/** What an import finds that leaves a copy. */
export type Left =
  /** Others wait for it. */
  | { readonly state: 'wanted'; readonly copy: Copy }
  /** Nobody does: it is ending now, and whoever leaves clears it up; also when an earlier try to do so has died. */
  | { readonly state: 'ending'; readonly copy: Copy }
  /** Nobody does, and it is kept for a while. */
  | { readonly state: 'kept' }
  /** There is none. */
  | { readonly state: 'gone' };

/**
 * Copies, who waits for them, and the attempts at their rows. Each import joins and leaves by one conditional write on
 * one item; all writes may be sent twice. An attempt may begin at a copy that has failed, to tell those who wait, but
 * those at work there find their lease lost.
 */
export interface Copies extends Leases<RowRef> {
  get(copyId: CopyId): Promise<Copy | undefined>;
  /**
   * Begins a copy for its first import, with an attempt at the whole of it.
   * @returns false when there is one already, of whatever state
   */
  create(copy: NewCopy, first: ImportRef, attempt: AttemptId): Promise<boolean>;
  /**
   * @returns the copy with this import among those that wait; undefined when there is none, it has failed or ends, or as
   * many as it can hold wait for it already
   */
  join(copyId: CopyId, ref: ImportRef): Promise<Copy | undefined>;
  /** @param keepMs how long a finished copy is kept that nobody waits for any more; 0 for not at all */
  leave(copyId: CopyId, ref: ImportRef, keepMs: number): Promise<Left>;
  /** Ends a copy that was kept, or that no import waits for though it was never said so. @returns it, if it is ending now */
  endUnwanted(copyId: CopyId, nowMs: number): Promise<Copy | undefined>;
  /** Whether no attempt is at work at any of its rows: a part that arrives after its upload was aborted stays for ever. */
  isAtRest(copyId: CopyId): Promise<boolean>;
  /** The last of a copy that ends. */
  remove(copy: Making): Promise<void>;

  /** @returns the copy as it is then; undefined when the attempt is not at work any more */
  update(ref: RowRef, attempt: AttemptId, changes: CopyChanges): Promise<Copy | undefined>;
  /**
   * Keeps why a making has failed for good, the first reason, unless it is `transferred`: nobody joins it any more.
   * @returns the copy as it is then; undefined when there is none, or another making of it
   */
  fail(copy: Making, failure: CopyFailure): Promise<Copy | undefined>;
  /** Keeps why a try at a making has failed that comes again, as `lastFailure`. */
  keepReason(copy: Making, failure: CopyFailure): Promise<void>;
  /**
   * The store has lost the copy's upload, which is counted: all that is known of its parts and rows goes, and so do all
   * attempts at it.
   * @returns false when another attempt has done so
   */
  beginAnew(copy: Making, next: Generation): Promise<boolean>;
  /** Progress of a row at work: how far it is. @returns the copy as it is then; undefined when the row is another attempt's */
  saveRow(ref: RowRef, attempt: AttemptId, state: RowState): Promise<Copy | undefined>;

  /** Checkpoints of the parts that the store has, by number: all, or from one number to another. */
  parts(copy: Making, range?: PartRange): Promise<ReadonlyMap<number, StoredPart>>;
  savePart(copy: Making, part: StoredPart): Promise<void>;
  /** One part by its number, or all. */
  forgetParts(copy: Making, number?: number): Promise<void>;
}
