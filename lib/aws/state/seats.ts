import { ignored } from '../../promises.ts';
import type { AttemptId } from '../../schemas/ids.ts';
import type { StepName } from '../../state/messages.ts';
import type { Seat, SeatTable, Waiting } from '../../state/seats.ts';
import type { Condition, Item, Table } from '../table.ts';
import { firstItem, seatItem, seatPrefix, stepSubject } from './keys.ts';

/** Longer than the first of a project waits until it asks again, also when its queue is full. */
const firstMs = 30_000;
const hourS = 3600;

type Found = Item & (Seat | Waiting);

const lease = (ms: number) => {
  const leaseUntil = Date.now() + ms;
  return { leaseUntil, expiresAtS: Math.ceil(leaseUntil / 1000) + hourS };
};

const heldBy = (attempt: AttemptId): Condition => ({
  expression: 'attempt = :attempt',
  values: { ':attempt': attempt },
});

const firstIs = (work: string): Condition => ({
  expression: '#work = :work', // a reserved word
  names: { '#work': 'work' },
  values: { ':work': work },
});

const isSeat = (one: Found): one is Item & Seat => 'number' in one;
const isLive = ({ leaseUntil }: Found): boolean => Number(leaseUntil) > Date.now();

export interface SeatTableOptions {
  readonly step: StepName;
  /** How long an attempt has its seat without a sign of life, ms. */
  readonly leaseMs: number;
}

/**
 * The seats of a step lie in one partition: an item for each attempt at work, with a lease that ends by itself after a
 * crash, and one for the work of a project that waits longest, while some waits.
 */
export const createSeatTable = (table: Table, { step, leaseMs }: SeatTableOptions): SeatTable => {
  const subject = stepSubject(step);
  const seatKey = ({ projectId, number }: Seat) => ({ subject, item: seatItem(projectId, number) });
  const firstKey = (projectId: string) => ({ subject, item: firstItem(projectId) });

  return {
    look: async (projectId) => {
      const items = (await table.query(subject, seatPrefix)) as readonly Found[];
      const own = items.filter((one) => one.projectId === projectId);
      const first = own.find((one): one is Item & Waiting => !isSeat(one) && isLive(one));
      return {
        seats: items
          .filter(isSeat)
          .filter(isLive)
          .map((seat) => ({ projectId: seat.projectId, number: seat.number })),
        first: first && { projectId, work: first.work, sinceMs: first.sinceMs },
        dead: own.filter((one) => !isLive(one)).map(({ item }) => String(item)),
      };
    },
    sitDown: (seat, attempt) => {
      const { projectId, number } = seat;
      const isFree = { expression: 'attribute_not_exists(leaseUntil) OR leaseUntil < :now' };
      const taken = { projectId, number, attempt, ...lease(leaseMs) };
      return table.put(seatKey(seat), taken, { ...isFree, values: { ':now': Date.now() } });
    },
    keep: async (seat, attempt) => {
      await table.update(seatKey(seat), lease(leaseMs), heldBy(attempt));
    },
    leave: async (seat, attempt) => {
      await table.remove(seatKey(seat), heldBy(attempt));
    },
    waitFirst: async ({ projectId, work, sinceMs }) => {
      await table.put(firstKey(projectId), { projectId, work, sinceMs, ...lease(firstMs) });
    },
    forgetFirst: async ({ projectId, work }) => {
      await table.remove(firstKey(projectId), firstIs(work));
    },
    clear: async (dead) => {
      const hasEnded = { expression: 'leaseUntil < :now', values: { ':now': Date.now() } };
      for (const item of dead) await table.remove({ subject, item }, hasEnded).catch(ignored);
    },
  };
};
