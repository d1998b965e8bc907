import { asFerryError } from '../errors.ts';
import { log } from '../log.ts';
import { ignored } from '../promises.ts';
import type { AttemptId } from '../schemas/ids.ts';
import type { Seat, SeatTable, Waiting } from '../state/seats.ts';
import { freeSeats, type Share, staysFirst, waitS } from './fair-share.ts';

/** Work that gets no seat asks again. */
export interface NoSeat {
  readonly askAgainInS: number;
}

/**
 * Seats at one kind of step, shared by the projects as fair-share.ts rules. Between a look and a taken seat another
 * project may take one as well; of one project no two get the same.
 */
export interface Seats {
  /**
   * Never throws: where nobody can be asked the work begins without a seat.
   * @param waits how often it has asked in vain
   */
  take(asking: Waiting, attempt: AttemptId, waits: number): Promise<Seat | NoSeat | undefined>;
  /** A sign of life. @throws FerryError `unavailable` */
  keep(seat: Seat, attempt: AttemptId): Promise<void>;
  /** Never throws: a seat that stays taken ends by itself. */
  leave(seat: Seat, attempt: AttemptId): Promise<void>;
}

export interface SeatOptions {
  readonly share: Share;
  /** From 0 to 1; Math.random when absent. */
  readonly random?: () => number;
}

/** Each after another attempt was faster. */
const mostLooks = 8;

export const createSeats = (table: SeatTable, { share, random = Math.random }: SeatOptions): Seats => {
  /** The oldest work that asks in vain becomes the first of its project, and stays it while it goes on asking. */
  const wait = async (asking: Waiting, first: Waiting | undefined, waits: number): Promise<NoSeat> => {
    const isFirst = !first || !staysFirst(first, asking);
    if (isFirst) await table.waitFirst(asking);
    return { askAgainInS: waitS(waits, isFirst, random()) };
  };

  const take = async (asking: Waiting, attempt: AttemptId, waits: number): Promise<Seat | NoSeat> => {
    const { projectId, work } = asking;
    for (let looked = 0; looked < mostLooks; looked += 1) {
      const { seats, first, dead } = await table.look(projectId);
      const free = freeSeats(asking, seats, first, share);
      const number = free[Math.floor(random() * free.length)];
      if (number === undefined) return await wait(asking, first, waits);
      const seat = { projectId, number };
      if (!(await table.sitDown(seat, attempt))) continue;
      await table.clear(dead);
      if (first?.work === work) await table.forgetFirst(asking).catch(ignored);
      return seat;
    }
    return { askAgainInS: waitS(waits, false, random()) };
  };

  return {
    take: (asking, attempt, waits) =>
      take(asking, attempt, waits).catch((error: unknown) => {
        log.warn('no seat could be asked for', { work: asking.work, error: asFerryError(error) });
        return undefined;
      }),
    keep: (seat, attempt) => table.keep(seat, attempt),
    leave: (seat, attempt) => table.leave(seat, attempt).catch(ignored),
  };
};
