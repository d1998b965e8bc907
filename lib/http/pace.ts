/** A minimum rate of what the other side moves. */
export interface PaceOptions {
  /** Bytes a second, on an average over a window; 0 for none. */
  readonly minimumRate: number;
  /** Of waited time, ms; a minute when absent. */
  readonly windowMs?: number | undefined;
  /** Bytes that the other side has moved so far. */
  moved(): number;
  /** @param told "0.98 KiB/s over 60 s of waiting, less than 64 KiB/s" */
  tooSlow(told: string): void;
}

/** Only the time in which the other side was waited for counts: what the near side does meanwhile is its own affair. */
export interface Pace {
  /** Waits for the other side. */
  during<T>(wait: Promise<T>): Promise<T>;
  stop(): void;
}

const minuteMs = 60_000;

const perSecond = (bytes: number): string => `${Number((bytes / 1024).toPrecision(2))} KiB/s`;

const unlimited: Pace = { during: (wait) => wait, stop: () => undefined };

/** One timer a window, and two looks at the clock a wait: nothing is done for each piece that moves. */
export const watchPace = ({ minimumRate, windowMs = minuteMs, moved, tooSlow }: PaceOptions): Pace => {
  if (minimumRate === 0) return unlimited;
  let timer: NodeJS.Timeout | undefined;
  let waits = 0;
  let waitedSince = 0;
  /** Of the window before `waitedSince`, ms. */
  let waitedMs = 0;
  let movedBefore = 0;

  const begin = (): void => {
    waits += 1;
    if (waits === 1) waitedSince = performance.now();
    timer ??= setTimeout(judge, windowMs);
  };
  const end = (): void => {
    waits -= 1;
    if (waits === 0) waitedMs += performance.now() - waitedSince;
  };

  const judge = (): void => {
    const now = performance.now();
    const waited = waitedMs + (waits > 0 ? now - waitedSince : 0);
    // Not too soon again, should nobody wait any more a moment before the end of the window.
    const left = Math.max(windowMs - waited, windowMs / 10);
    timer = setTimeout(judge, waited < windowMs ? left : windowMs);
    if (waited < windowMs) return;
    const total = moved();
    const rate = ((total - movedBefore) / waited) * 1000;
    if (rate < minimumRate) {
      const over = `over ${Math.round(waited / 1000)} s of waiting`;
      tooSlow(`${perSecond(rate)} ${over}, less than ${perSecond(minimumRate)}`);
    }
    [waitedSince, waitedMs, movedBefore] = [now, 0, total];
  };

  return {
    during: (wait) => {
      begin();
      return wait.finally(end);
    },
    stop: () => {
      clearTimeout(timer);
      timer = undefined;
    },
  };
};
