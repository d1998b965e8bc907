import type { Condition, Item, Key, Table } from '../aws/table.ts';
import { asFerryError } from '../errors.ts';
import { logOf } from '../log.ts';
import { ignored } from '../promises.ts';
import { freeSeats, type Seat, type Share, staysFirst, type Waiting, waitS } from './fair-share.ts';
import type { ClaimKey, Task } from '../imports/record/task.ts';

/** An attempt's seat. */
export interface TakenSeat extends Key {
  readonly attempt: ClaimKey['attempt'];
}

/** Work that gets no seat asks again. */
export interface NoSeat {
  readonly askAgainInS: number;
}

/**
 * Seats at one kind of step, shared by the projects as fair-share.ts rules. They lie in one partition, `step#<name>`:
 * `seat#<project>#<number>` for each attempt at work, with a lease that ends by itself after a crash, and
 * `seat#<project>#first` for the work of a project that waits longest, while some waits. Between a look and a taken seat
 * another project may take one as well; of one project no two get the same.
 */
export interface Seats {
  /**
   * Never throws: where nobody can be asked the work begins without a seat.
   * @param waits how often it has asked in vain
   */
  take(task: Task, claim: ClaimKey, waits: number): Promise<TakenSeat | NoSeat | undefined>;
  /** A sign of life. @throws FerryError `unavailable` */
  keep(seat: TakenSeat): Promise<void>;
  /** Never throws: a seat that stays taken ends by itself. */
  leave(seat: TakenSeat): Promise<void>;
}

export interface SeatOptions {
  /** stream-image or apply-metadata. */
  readonly step: string;
  /** How long an attempt has its seat without a sign of life. */
  readonly leaseMs: number;
  readonly share: Share;
  /** From 0 to 1; Math.random when absent. */
  readonly random?: () => number;
}

/** Longer than the first of a project waits until it asks again, also when its queue is full. */
const firstMs = 30_000;
const hourS = 3600;
const prefix = 'seat#';
/** Each after another attempt was faster. */
const mostLooks = 8;

type Found = Item & (Seat | Waiting);

const lease = (ms: number) => {
  const leaseUntil = Date.now() + ms;
  return { leaseUntil, expiresAtS: Math.ceil(leaseUntil / 1000) + hourS };
};

const waitingOf = (task: Task, { taskId, segment = 0 }: ClaimKey): Waiting => ({
  projectId: task.owner,
  work: `${taskId}#${segment}`,
  sinceMs: Date.parse(`${task.createdAt}Z`), // Glance's form of UTC
});

const heldBy = ({ attempt }: TakenSeat): Condition => ({
  expression: 'attempt = :attempt',
  values: { ':attempt': attempt },
});

const firstIs = (work: string): Condition => ({
  expression: '#work = :work', // a reserved word
  names: { '#work': 'work' },
  values: { ':work': work },
});

const isSeat = (one: Found): one is Item & Seat => 'number' in one;

export const createSeats = (
  table: Table,
  { step, leaseMs, share, random = Math.random }: SeatOptions,
): Seats => {
  const partition = `step#${step}`;
  const keyOf = (projectId: string, name: string): Key => ({
    imageId: partition,
    item: `${prefix}${projectId}#${name}`,
  });
  const seatOf = (projectId: string, number: number): Key =>
    keyOf(projectId, String(number).padStart(4, '0'));
  const firstOf = (projectId: string): Key => keyOf(projectId, 'first');

  /** Everybody's seats, and of one project who is first and what has ended by itself. */
  const look = async (projectId: string) => {
    const items = (await table.query(partition, prefix)) as readonly Found[];
    const isLive = ({ leaseUntil }: Found): boolean => Number(leaseUntil) > Date.now();
    const own = items.filter((one) => one.projectId === projectId);
    return {
      seats: items.filter(isSeat).filter(isLive),
      first: own.find((one): one is Item & Waiting => !isSeat(one) && isLive(one)),
      ended: own.filter((one) => !isLive(one)).map(({ item }) => String(item)),
    };
  };

  /** What attempts have left that died; a seat may have been taken again meanwhile. What cannot be cleared expires. */
  const clear = async (items: readonly string[]): Promise<void> => {
    const hasEnded = { expression: 'leaseUntil < :now', values: { ':now': Date.now() } };
    for (const item of items) await table.remove({ imageId: partition, item }, hasEnded).catch(ignored);
  };

  /** The oldest work that asks in vain becomes the first of its project, and stays it while it goes on asking. */
  const wait = async (asking: Waiting, first: Waiting | undefined, waits: number): Promise<NoSeat> => {
    const isFirst = !first || !staysFirst(first, asking);
    if (isFirst) await table.put(firstOf(asking.projectId), { ...asking, ...lease(firstMs) });
    return { askAgainInS: waitS(waits, isFirst, random()) };
  };

  const sitDown = async (seat: TakenSeat, projectId: string, number: number): Promise<boolean> => {
    const isFree = { expression: 'attribute_not_exists(leaseUntil) OR leaseUntil < :now' };
    const taken = { projectId, number, attempt: seat.attempt, ...lease(leaseMs) };
    return await table.put(seat, taken, { ...isFree, values: { ':now': Date.now() } });
  };

  const take = async (task: Task, claim: ClaimKey, waits: number): Promise<TakenSeat | NoSeat> => {
    const asking = waitingOf(task, claim);
    const { projectId, work } = asking;
    for (let looked = 0; looked < mostLooks; looked += 1) {
      const { seats, first, ended } = await look(projectId);
      const free = freeSeats(asking, seats, first, share);
      const number = free[Math.floor(random() * free.length)];
      if (number === undefined) return await wait(asking, first, waits);
      const seat = { ...seatOf(projectId, number), attempt: claim.attempt };
      if (!(await sitDown(seat, projectId, number))) continue;
      await clear(ended);
      if (first?.work === work) await table.remove(firstOf(projectId), firstIs(work)).catch(ignored);
      return seat;
    }
    return { askAgainInS: waitS(waits, false, random()) };
  };

  return {
    take: (task, claim, waits) =>
      take(task, claim, waits).catch((error: unknown) => {
        logOf(task).warn('no seat could be asked for', { error: asFerryError(error) });
        return undefined;
      }),
    keep: async (seat) => {
      await table.update(seat, lease(leaseMs), heldBy(seat));
    },
    leave: async (seat) => {
      await table.remove(seat, heldBy(seat)).catch(ignored);
    },
  };
};
