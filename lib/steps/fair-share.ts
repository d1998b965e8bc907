import type { Seat, Waiting } from '../state/seats.ts';

// Who may begin a step when there are more imports than the deployment has at work at a time. Times in ms since the epoch.

/** How the deployment is shared. */
export interface Share {
  /** Steps of this kind that are at work at a time. */
  readonly concurrency: number;
  /** Of what other projects leave, how much a project may have; 100: everything. */
  readonly percent: number;
}

/**
 * How many steps a project may have at work beside those of the others: a share of what they leave, one at least. With
 * half of it a project alone has half of all, two have a third each, and so on: something stays free for whoever
 * comes next, however many they are (dynamic thresholds: Choudhury and Hahne, https://doi.org/10.1109/90.664262).
 */
export const allowance = (others: number, { concurrency, percent }: Share): number =>
  Math.max(1, Math.ceil(((concurrency - others) * percent) / 100));

/** Of two imports of a project that were asked for within so long none goes before the other. */
const sameAgeMs = 10_000;

/**
 * The seats that may be taken, none when the work has to wait. One is kept for work of its project that is older, so that
 * new imports never starve an old one; those of one burst take what they find, so that no seat waits for its owner.
 * @param first of the asking project
 */
export const freeSeats = (
  asking: Waiting,
  seats: readonly Seat[],
  first: Waiting | undefined,
  share: Share,
): readonly number[] => {
  const own = new Set(
    seats.filter((seat) => seat.projectId === asking.projectId).map(({ number }) => number),
  );
  const most = allowance(seats.length - own.size, share);
  const kept = first && first.sinceMs + sameAgeMs < asking.sinceMs ? 1 : 0;
  if (own.size + kept >= most) return [];
  return Array.from({ length: most }, (_, number) => number).filter((number) => !own.has(number));
};

/** Whether the first of a project stays it when other work has to wait: while that is not older. */
export const staysFirst = (first: Waiting, asking: Waiting): boolean =>
  first.work !== asking.work && first.sinceMs <= asking.sinceMs;

const firstDelayS = 1; // SQS's shortest
const shortestDelayS = 5;
const longestDelayS = 60;

/**
 * Seconds until work that waits asks again. The first of a project asks often, since a seat is kept for it; the
 * others the less often the longer they have waited, so that a flood costs little.
 * @param waits how often it has asked before
 * @param random from 0 to 1: who came together need not ask together
 */
export const waitS = (waits: number, isFirst: boolean, random: number): number =>
  isFirst ? firstDelayS : Math.min(longestDelayS, shortestDelayS * 2 ** waits) * (0.5 + random);
