/** Counts by second of virtual time. */
export const createSeries = (nowMs: () => number) => {
  const seconds = new Map<number, number>();
  let total = 0;
  const addAt = (second: number, count: number): void => {
    seconds.set(second, (seconds.get(second) ?? 0) + count);
    total += count;
  };
  return {
    add: (count: number): void => addAt(Math.floor(nowMs() / 1000), count),
    /** Evenly over the seconds that come. */
    spread: (count: number, forS: number): void => {
      const first = Math.floor(nowMs() / 1000);
      const last = Math.floor(nowMs() / 1000 + forS);
      for (let second = first; second <= last; second += 1) addAt(second, count / (last - first + 1));
    },
    total: (): number => total,
    peak: (): number => {
      let peak = 0;
      for (const count of seconds.values()) peak = Math.max(peak, count);
      return peak;
    },
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
