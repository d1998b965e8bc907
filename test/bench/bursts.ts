// Requests alone and many at once, by contenders in turn.

export const rounds = 5;
/** Requests one after the other, a round. */
export const alone = 20;
export const atOnce = 32;

/** One POST for a target that was made beforehand. */
export type Post = () => Promise<unknown>;

export interface Contender {
  readonly name: string;
  /** Makes a target, and returns what POSTs for it. @param slot of those that are at work at once */
  prepare(slot: number): Promise<Post>;
  /** Clears up, and waits for what the requests have started. */
  settle(): Promise<void>;
}

const timed = async (post: Post): Promise<number> => {
  const startedMs = performance.now();
  await post();
  return performance.now() - startedMs;
};

export const slots = [...Array(atOnce).keys()];

/** One after the other, each when the last one's import is over. */
const oneByOne = async (contender: Contender): Promise<readonly number[]> => {
  const times: number[] = [];
  for (let count = 0; count < alone; count += 1) {
    times.push(await timed(await contender.prepare(0)));
    await contender.settle();
  }
  return times;
};

const allAtOnce = async (contender: Contender): Promise<readonly number[]> => {
  const posts: Post[] = [];
  for (const slot of slots) posts.push(await contender.prepare(slot));
  const times = await Promise.all(posts.map(timed));
  await contender.settle();
  return times;
};

export interface Times {
  readonly name: string;
  readonly alone: number[];
  readonly together: number[];
}

/**
 * All contenders in turn, round after round. A burst that does not count comes before each that does: validated tokens
 * are remembered for five minutes, which some rounds take longer than.
 */
export const measure = async (contenders: readonly Contender[]): Promise<readonly Times[]> => {
  const all = contenders.map(({ name }): Times => ({ name, alone: [], together: [] }));
  for (let round = 1; round <= rounds; round += 1) {
    for (const [index, contender] of contenders.entries()) {
      await allAtOnce(contender);
      all[index]?.alone.push(...(await oneByOne(contender)));
      await allAtOnce(contender);
      all[index]?.together.push(...(await allAtOnce(contender)));
    }
    console.log(`round ${round}/${rounds}`);
  }
  return all;
};
