import type { AttemptId } from '../schemas/ids.ts';

/** An attempt at work. Seats of a project are numbered from 0. */
export interface Seat {
  readonly projectId: string;
  readonly number: number;
}

/** The work of a project that waits longest. */
export interface Waiting {
  readonly projectId: string;
  /** Names the import or the row of a copy. */
  readonly work: string;
  /** Since when it is asked for, ms since 1970. */
  readonly sinceMs: number;
}

/** Who is at work at one kind of step, and who waits, as one look shows it. */
export interface SeatsInUse {
  readonly seats: readonly Seat[];
  /** Of the asking project. */
  readonly first: Waiting | undefined;
  /** Of the asking project: what attempts have left that died. */
  readonly dead: readonly string[];
}

/** The seats at one kind of step, kept for all workers; the rule of who gets one is lib/steps/fair-share.ts. */
export interface SeatTable {
  look(projectId: string): Promise<SeatsInUse>;
  /** Takes a seat that nobody has. @returns false when another attempt was faster */
  sitDown(seat: Seat, attempt: AttemptId): Promise<boolean>;
  /** A sign of life. */
  keep(seat: Seat, attempt: AttemptId): Promise<void>;
  leave(seat: Seat, attempt: AttemptId): Promise<void>;
  /** Becomes the first of its project, until it is forgotten or asks no more. */
  waitFirst(waiting: Waiting): Promise<void>;
  forgetFirst(waiting: Pick<Waiting, 'projectId' | 'work'>): Promise<void>;
  /** Removes what dead attempts have left, unless it was taken again. Never throws: what cannot be cleared expires. */
  clear(dead: readonly string[]): Promise<void>;
}
