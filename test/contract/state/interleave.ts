/** Lets a request go when its turn has come. */
export type Gate = () => Promise<void>;

interface Actor<T> {
  readonly result: Promise<T>;
  isDone(): boolean;
  /** Resolves when the actor is about to send a request, or is done. */
  waits(): Promise<void>;
  /** Lets it go on to its next request. */
  step(): Promise<void>;
}

const startActor = <T>(run: (gate: Gate) => Promise<T>): Actor<T> => {
  let isDone = false;
  let go = (): void => {};
  let arrived = Promise.withResolvers<void>();
  const gate: Gate = () =>
    new Promise((resolve) => {
      go = resolve;
      arrived.resolve();
    });
  const result = run(gate).finally(() => {
    isDone = true;
    arrived.resolve();
  });
  result.catch(() => {}); // whoever awaits it hears of it
  return {
    result,
    isDone: () => isDone,
    waits: () => arrived.promise,
    step: async () => {
      arrived = Promise.withResolvers<void>();
      go();
      await arrived.promise;
    },
  };
};

/** Which of so many is next. */
export type Choose = (among: number) => number;

/**
 * Runs actors side by side, one request at a time, in the order that is chosen.
 * @param look is called between any two requests
 */
export const interleave = async <T>(
  runs: readonly ((gate: Gate) => Promise<T>)[],
  choose: Choose,
  look: () => Promise<void> = () => Promise.resolve(),
): Promise<readonly T[]> => {
  const actors = runs.map(startActor);
  await Promise.all(actors.map((actor) => actor.waits()));
  for (;;) {
    const left = actors.filter((actor) => !actor.isDone());
    const next = left[left.length > 1 ? choose(left.length) : 0];
    if (!next) break;
    await next.step();
    await look();
  }
  return await Promise.all(actors.map(({ result }) => result));
};

/** The path of choices after this one, depth first; undefined after the last. */
const pathAfter = (path: readonly number[], widths: readonly number[]): number[] | undefined => {
  const last = path.findLastIndex((choice, index) => choice + 1 < (widths[index] ?? 0));
  return last < 0 ? undefined : [...path.slice(0, last), (path[last] ?? 0) + 1];
};

/** Runs something in every order that its choices allow. @returns how many there are */
export const inEveryOrder = async (run: (choose: Choose) => Promise<void>): Promise<number> => {
  let path: number[] | undefined = [];
  let runs = 0;
  for (; path; runs += 1) {
    const [choices, widths]: [number[], number[]] = [[], []];
    const planned: readonly number[] = path;
    await run((among) => {
      const choice = planned[choices.length] ?? 0;
      choices.push(choice);
      widths.push(among);
      return choice;
    });
    path = pathAfter(choices, widths);
  }
  return runs;
};
