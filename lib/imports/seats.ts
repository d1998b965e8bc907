import type { Condition, Item, Key, Table } from '../aws/table.ts';
import { freeSeats, goesBefore, type Seat, type Share, type Waiting } from './fair-share.ts';
import type { ClaimKey, Task } from './task.ts';

/** An attempt's seat. */
export interface TakenSeat extends Key {
  readonly attempt: ClaimKey['attempt'];
}

/**
 * Seats at one kind of step, shared by the projects as fair-share.ts rules. They lie in one partition, `step#<name>`:
 * `seat#<project>#<number>` for each attempt at work, with a lease that ends by itself after a crash, and
 * `seat#<project>#first` for the work of a project that waits longest, while some waits. Between a look and a taken seat another
 * project may take one as well; of one project no two get the same.
 */
export interface Seats {
  /** @returns the seat; or `first` when the work has to wait and the next seat is kept for it, `later` otherwise */
  take(task: Task, claim: ClaimKey): Promise<TakenSeat | 'first' | 'later'>;
  /** A sign of life. */
  keep(seat: TakenSeat): Promise<void>;
  leave(seat: TakenSeat): Promise<void>;
}

export interface SeatOptions {
  /** stream-image or apply-metadata. */
  readonly step: string;
  /** How long an attempt has its seat without a sign of life. */
  readonly leaseMs: number;
  readonly share: Share;
}

/** Longer than the first of a project waits until it asks again, also when its queue is full. */
const firstMs = 30_000;
const hourS = 3600;
const prefix = 'seat#';
/** Looks at the seats, each after another attempt was faster. */
const looks = 8;

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

const isSeat = <T extends Seat | Waiting>(one: T): one is T & Seat => 'number' in one;

const oneOf = (numbers: readonly number[]): number | undefined =>
  numbers[Math.floor(Math.random() * numbers.length)];

export const createSeats = (table: Table, { step, leaseMs, share }: SeatOptions): Seats => {
  const partition = `step#${step}`;
  const keyOf = (projectId: string, name: string): Key => ({
    imageId: partition,
    item: `${prefix}${projectId}#${name}`,
  });
  const seatOf = (projectId: string, number: number): Key =>
    keyOf(projectId, String(number).padStart(4, '0'));
  const firstOf = (projectId: string): Key => keyOf(projectId, 'first');

  /** Everybody's seats, and the first of one project. */
  const look = async (projectId: string) => {
    const items = (await table.query(partition, prefix)) as readonly (Item & (Seat | Waiting))[];
    const live = items.filter(({ leaseUntil }) => Number(leaseUntil) > Date.now());
    return {
      seats: live.filter(isSeat),
      first: live.find((one): one is Item & Waiting => !isSeat(one) && one.projectId === projectId),
    };
  };

  /** The oldest work that asks in vain becomes the first of its project, and stays it while it goes on asking. */
  const wait = async (asking: Waiting, first: Waiting | undefined): Promise<'first' | 'later'> => {
    if (first && goesBefore(first, asking)) return 'later';
    await table.put(firstOf(asking.projectId), { ...asking, ...lease(firstMs) });
    return 'first';
  };

  const sitDown = async ({ projectId }: Waiting, number: number, seat: TakenSeat): Promise<boolean> => {
    const isFree = { expression: 'attribute_not_exists(leaseUntil) OR leaseUntil < :now' };
    const taken = { projectId, number, attempt: seat.attempt, ...lease(leaseMs) };
    return await table.put(seat, taken, { ...isFree, values: { ':now': Date.now() } });
  };

  const take: Seats['take'] = async (task, claim) => {
    const asking = waitingOf(task, claim);
    const { projectId, work } = asking;
    for (let tries = 0; tries < looks; tries += 1) {
      const { seats, first } = await look(projectId);
      const number = oneOf(freeSeats(asking, seats, first, share));
      if (number === undefined) return await wait(asking, first);
      const seat = { ...seatOf(projectId, number), attempt: claim.attempt };
      if (!(await sitDown(asking, number, seat))) continue;
      const isItself = { expression: '#work = :work', names: { '#work': 'work' }, values: { ':work': work } };
      if (first?.work === work) await table.remove(firstOf(projectId), isItself);
      return seat;
    }
    return 'later';
  };

  return {
    take,
    keep: async (seat) => {
      await table.update(seat, lease(leaseMs), heldBy(seat));
    },
    leave: async (seat) => {
      await table.remove(seat, heldBy(seat));
    },
  };
};
