/** Counts by second of virtual time. */
export const createSeries = (nowMs: () => number) => {
  const seconds = new Map<number, number>();
  let total = 0;
  return {
    add: (count: number): void => {
      const second = Math.floor(nowMs() / 1000);
      seconds.set(second, (seconds.get(second) ?? 0) + count);
      total += count;
    },
    total: (): number => total,
    peak: (): number => Math.max(0, ...[...new Set(seconds.values())]),
    mean: (): number => total / Math.max(1, nowMs() / 1000),
  };
};

export type Series = ReturnType<typeof createSeries>;

/** A level over time: messages that wait, functions at work. */
export const createLevel = (nowMs: () => number) => {
  let [level, most, sinceMs, aboveZeroMs, area] = [0, 0, 0, 0, 0];
  const account = (): void => {
    const spentMs = nowMs() - sinceMs;
    if (level > 0) aboveZeroMs += spentMs;
    area += level * spentMs;
    sinceMs = nowMs();
  };
  return {
    change: (by: number): void => {
      account();
      level += by;
      most = Math.max(most, level);
    },
    now: (): number => level,
    most: (): number => most,
    hoursAboveZero: (): number => aboveZeroMs / 3_600_000,
    /** Level × seconds. */
    seconds: (): number => area / 1000,
  };
};

/** Per second, of the busiest of many: what one partition has to bear. */
export const createBusiest = (nowMs: () => number) => {
  let second = -1;
  let peak = 0;
  let counts = new Map<string, number>();
  return {
    add: (who: string, count: number): void => {
      const now = Math.floor(nowMs() / 1000);
      if (now !== second) [second, counts] = [now, new Map()];
      const sum = (counts.get(who) ?? 0) + count;
      counts.set(who, sum);
      peak = Math.max(peak, sum);
    },
    peak: (): number => peak,
  };
};
