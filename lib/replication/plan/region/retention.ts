import type { Retention } from '../../policy/policy.ts';

/** One of a family, by the time that its source was made, ms since 1970. */
export interface Made {
  readonly id: string;
  readonly ms: number;
}

const dayMs = 86_400_000;

/** Weeks begin on Mondays (ISO 8601); 1 January 1970 was a Thursday. */
const weekOf = (ms: number): number => Math.floor((Math.floor(ms / dayMs) + 3) / 7);

/** In UTC, so that a plan is the same wherever it is made. */
const periods = {
  daily: (ms: number) => Math.floor(ms / dayMs),
  weekly: weekOf,
  monthly: (ms: number) => new Date(ms).getUTCFullYear() * 12 + new Date(ms).getUTCMonth(),
  yearly: (ms: number) => new Date(ms).getUTCFullYear(),
} as const;

/** The newest of each of the last so many periods that have one. */
const newestOfEach = (
  newestFirst: readonly Made[],
  count: number,
  periodOf: (ms: number) => number,
): readonly Made[] => {
  const byPeriod = new Map<number, Made>();
  for (const one of newestFirst) {
    const period = periodOf(one.ms);
    if (byPeriod.size < count && !byPeriod.has(period)) byPeriod.set(period, one);
  }
  return [...byPeriod.values()];
};

/**
 * What of a family is kept: whatever any of the rules keeps, and the newest always.
 * @param atMs now, ms since 1970
 * @returns ids
 */
export const retained = (
  family: readonly Made[],
  { last = 1, days = 0, ...gfs }: Retention,
  atMs: number,
): ReadonlySet<string> => {
  const newestFirst = [...family].sort((a, b) => b.ms - a.ms || (a.id < b.id ? -1 : 1));
  const kept = [
    ...newestFirst.slice(0, Math.max(1, last)),
    ...newestFirst.filter(({ ms }) => days > 0 && atMs - ms < days * dayMs),
    ...(['daily', 'weekly', 'monthly', 'yearly'] as const).flatMap((period) =>
      newestOfEach(newestFirst, gfs[period] ?? 0, periods[period]),
    ),
  ];
  return new Set(kept.map(({ id }) => id));
};
