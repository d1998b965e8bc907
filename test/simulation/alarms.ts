/** Something that is to happen at a time. */
export interface Alarm {
  readonly atMs: number;
  /** Nobody waits for it any more. */
  isOff: boolean;
  ring(): void;
}

/** Alarms by their time: a binary heap. */
export const createAlarms = () => {
  const heap: Alarm[] = [];

  const isEarlier = (a: number, b: number): boolean => (heap[a]?.atMs ?? 0) < (heap[b]?.atMs ?? 0);
  const swap = (a: number, b: number): void => {
    const [first, second] = [heap[a], heap[b]];
    if (first && second) [heap[a], heap[b]] = [second, first];
  };
  const sink = (): void => {
    for (let at = 0; ; ) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      let least = at;
      if (left < heap.length && isEarlier(left, least)) least = left;
      if (right < heap.length && isEarlier(right, least)) least = right;
      if (least === at) return;
      swap(at, least);
      at = least;
    }
  };

  return {
    add: (alarm: Alarm): void => {
      heap.push(alarm);
      for (let at = heap.length - 1; at > 0; ) {
        const parent = (at - 1) >> 1;
        if (!isEarlier(at, parent)) return;
        swap(at, parent);
        at = parent;
      }
    },
    /** The earliest, whether it is off or not. */
    next: (): Alarm | undefined => {
      const [first] = heap;
      const last = heap.pop();
      if (!last || heap.length === 0) return first;
      heap[0] = last;
      sink();
      return first;
    },
  };
};
