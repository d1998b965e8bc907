import { setImmediate as turn } from 'node:timers/promises';

interface Alarm {
  readonly atMs: number;
  ring(): void;
}

/** Virtual time: it jumps from one alarm to the next when nothing else is left to do. */
export const createClock = () => {
  const heap: Alarm[] = [];
  let nowMs = 0;

  const isEarlier = (a: number, b: number): boolean => (heap[a]?.atMs ?? 0) < (heap[b]?.atMs ?? 0);
  const swap = (a: number, b: number): void => {
    const [first, second] = [heap[a], heap[b]];
    if (first && second) [heap[a], heap[b]] = [second, first];
  };
  const push = (alarm: Alarm): void => {
    heap.push(alarm);
    for (let at = heap.length - 1; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!isEarlier(at, parent)) return;
      swap(at, parent);
      at = parent;
    }
  };
  const pop = (): Alarm | undefined => {
    const [first] = heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return first;
    heap[0] = last;
    for (let at = 0; ; ) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      let least = at;
      if (left < heap.length && isEarlier(left, least)) least = left;
      if (right < heap.length && isEarlier(right, least)) least = right;
      if (least === at) return first;
      swap(at, least);
      at = least;
    }
  };

  return {
    nowMs: (): number => nowMs,
    sleep: (seconds: number): Promise<void> =>
      new Promise((ring) => push({ atMs: nowMs + Math.max(0, seconds) * 1000, ring })),
    /** Until no alarm is left. Date.now() tells the virtual time meanwhile: the real code's leases live in it. */
    run: async (): Promise<void> => {
      const real = Date.now;
      const beganMs = Date.UTC(2026, 0, 1);
      Date.now = () => beganMs + Math.round(nowMs);
      try {
        await turn();
        for (let next = pop(); next; next = pop()) {
          nowMs = next.atMs;
          next.ring();
          await turn();
        }
      } finally {
        Date.now = real;
      }
    },
  };
};

export type Clock = ReturnType<typeof createClock>;

/** Pseudo-random numbers of [0, 1), the same for the same seed (mulberry32). */
export const randomOf = (seed: number) => {
  let state = seed;
  return (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
};
