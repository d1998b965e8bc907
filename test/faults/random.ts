/** Numbers that are the same for the same seed. */
export interface Random {
  /** From 0 up to but not including 1. */
  next(): number;
  /** From 0 up to but not including `below`. */
  integer(below: number): number;
  chance(probability: number): boolean;
  /** @throws Error when there is nothing to pick from */
  pick<T>(items: readonly T[]): T;
  /** So many of the items, in their order. */
  sample<T>(items: readonly T[], size: number): T[];
}

/** The generator of Tommy Ettinger's that is known as mulberry32. */
export const createRandom = (seed: number): Random => {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (below: number): number => Math.floor(next() * below);
  return {
    next,
    integer,
    chance: (probability) => next() < probability,
    pick: (items) => {
      const [picked] = items.slice(integer(items.length));
      if (picked === undefined) throw new Error('there is nothing to pick from');
      return picked;
    },
    sample: (items, size) => {
      let wanted = Math.min(size, items.length);
      return items.filter((_, index) => {
        const isTaken = next() * (items.length - index) < wanted;
        if (isTaken) wanted -= 1;
        return isTaken;
      });
    },
  };
};

/** A seed for each word: decisions that do not depend on the order in which they are asked for. */
export const seedOf = (seed: number, word: string): number =>
  [...word].reduce(
    (mixed, letter) => Math.imul(mixed ^ letter.charCodeAt(0), 16_777_619),
    seed ^ 0x811c9dc5,
  ) >>> 0;
