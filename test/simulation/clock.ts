import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { type Alarm, createAlarms } from './alarms.ts';

/** What an invocation does. When it ends before its time, nothing that it waits for ever comes. */
export interface Life {
  isOver: boolean;
}

type Callback = (...given: readonly unknown[]) => void;

const virtualTimers = (at: (ms: number, ring: () => void) => Alarm) => {
  const once = (run: Callback, ms = 0, ...given: readonly unknown[]): Alarm => at(ms, () => run(...given));
  const repeat = (run: Callback, ms = 0, ...given: readonly unknown[]) => {
    const timer = { isOff: false };
    const next = (): void => {
      if (timer.isOff) return;
      at(ms, next);
      run(...given);
    };
    at(ms, next);
    return timer;
  };
  const clear = (timer: { isOff: boolean } | undefined): void => {
    if (timer) timer.isOff = true;
  };
  return { setTimeout: once, clearTimeout: clear, setInterval: repeat, clearInterval: clear };
};

const beganMs = Date.UTC(2026, 0, 1);

/** Dates, and what measures time, by the virtual clock. */
const virtualDate = (nowMs: () => number) =>
  class extends Date {
    constructor(given?: string | number | Date) {
      super(given ?? beganMs + Math.round(nowMs()));
    }
    static override now = (): number => beganMs + Math.round(nowMs());
  };

/** Virtual time: it jumps from one alarm to the next when nothing else is left to do. */
export const createClock = () => {
  const alarms = createAlarms();
  const lives = new AsyncLocalStorage<Life | undefined>();
  let nowMs = 0;

  const at = (ms: number, ring: () => void): Alarm => {
    const life = lives.getStore();
    const ifAlive = (): void => {
      if (!life?.isOver) lives.run(life, ring);
    };
    const alarm = { atMs: nowMs + Math.max(0, ms), isOff: false, ring: ifAlive };
    alarms.add(alarm);
    return alarm;
  };

  /** The code under simulation keeps its leases, heartbeats and deadlines in virtual time meanwhile. @returns the way back */
  const takeOver = (): (() => void) => {
    const { Date: realDate, setTimeout, clearTimeout, setInterval, clearInterval } = globalThis;
    Object.assign(globalThis, { Date: virtualDate(() => nowMs), ...virtualTimers(at) });
    Object.assign(performance, { now: () => nowMs });
    return () => {
      Object.assign(globalThis, { Date: realDate, setTimeout, clearTimeout, setInterval, clearInterval });
      Reflect.deleteProperty(performance, 'now');
    };
  };

  return {
    nowMs: (): number => nowMs,
    sleep: (seconds: number): Promise<void> => new Promise((ring) => at(seconds * 1000, ring)),
    /** What is run so ends with this life: no sleep and no timer of it comes back. */
    within: <T>(life: Life | undefined, run: () => T): T => lives.run(life, run),
    /** Until no alarm is left. */
    run: async (): Promise<void> => {
      const giveBack = takeOver();
      try {
        await turn();
        for (let next = alarms.next(); next; next = alarms.next()) {
          if (next.isOff) continue;
          nowMs = next.atMs;
          next.ring();
          await turn();
        }
      } finally {
        giveBack();
      }
    },
  };
};

export type Clock = ReturnType<typeof createClock>;
