/** Whether the work was done now, or shortly before. */
export type Done = 'now' | 'before';

/** Keys that are remembered at most; the oldest go first. */
const most = 10_000;

/**
 * Does the same work once within a window. Who asks while it is being done gets its end, also its failure; what has failed
 * is done anew by the next.
 * @param windowMs 0: always anew
 */
export const createOnce = (windowMs: number, now: () => number = () => performance.now()) => {
  const begun = new Map<string, { readonly atMs: number; readonly work: Promise<unknown> }>();

  /** A map keeps the order in which keys came: the oldest are in front. */
  const forgetOld = (): void => {
    for (const [key, { atMs }] of begun) {
      if (now() - atMs < windowMs && begun.size < most) return;
      begun.delete(key);
    }
  };

  return async (key: string, work: () => Promise<unknown>): Promise<Done> => {
    forgetOld();
    const before = begun.get(key);
    if (before) {
      await before.work;
      return 'before';
    }
    const one = { atMs: now(), work: work() };
    begun.set(key, one);
    try {
      await one.work;
      return 'now';
    } catch (error) {
      if (begun.get(key) === one) begun.delete(key);
      throw error;
    }
  };
};
