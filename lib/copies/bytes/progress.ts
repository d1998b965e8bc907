/** Writes progress now and then, the latest that there is. */
export interface Progress {
  /** Takes a value; it is written at once or after a while. Smaller ones than before are ignored. */
  report(value: number): void;
  /** No write is on its way afterwards; what was not written yet is told otherwise. */
  stop(): Promise<void>;
  /** The same for a copy that ends before its end: the latest is written first. */
  breakOff(): Promise<void>;
}

const intervalMs = 1000; // a reader of the task list does not see more, and each write costs

/**
 * Progress of a copy. It never runs backwards, one write is on its way at a time, and one that fails is not missed:
 * the next one tells more.
 * @param above values up to it are known already
 */
export const createProgress = (write: (value: number) => Promise<unknown>, above = 0): Progress => {
  let [latest, written] = [above, above];
  let writing: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let nextMs = 0;

  const flush = (): void => {
    timer = undefined;
    if (latest <= written) return;
    nextMs = Date.now() + intervalMs;
    const value = latest;
    written = value;
    writing = writing.then(() => write(value)).catch(() => undefined);
  };

  return {
    report: (value) => {
      latest = Math.max(latest, value);
      timer ??= setTimeout(flush, Math.max(0, nextMs - Date.now()));
    },
    stop: async () => {
      clearTimeout(timer);
      timer = undefined;
      await writing;
    },
    breakOff: async () => {
      clearTimeout(timer);
      flush();
      await writing;
    },
  };
};
