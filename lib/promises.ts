/** For a promise whose failure somebody else tells, or nobody wants: one that nobody handles ends the process. */
export const ignored = (): void => undefined;

/** Begins now and is looked at later: what it throws waits until then, also for ever. */
export const begun = <T>(run: () => Promise<T>): Promise<T> => {
  const promise = run();
  promise.catch(ignored);
  return promise;
};

/**
 * For what cannot be aborted, such as the resolution of a name: it goes on, but nobody waits for it any longer.
 * @throws the signal's reason when it ends first
 */
export const untilAborted = async <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> => {
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const end = () => reject(signal.reason);
  if (signal.aborted) end();
  signal.addEventListener('abort', end);
  try {
    return await Promise.race([promise, ended]);
  } finally {
    signal.removeEventListener('abort', end);
  }
};

/**
 * All of them, never more than `most` at the same time; the results in the order of the items. After one that fails no
 * further one begins.
 * @throws what the first one that failed has thrown
 */
export const atMost = async <T, R>(
  most: number,
  items: readonly T[],
  run: (item: T) => Promise<R>,
): Promise<readonly R[]> => {
  const results: R[] = [];
  const waiting = items.entries();
  let hasFailed = false;
  const worker = async (): Promise<void> => {
    for (const [index, item] of waiting) {
      if (hasFailed) return;
      results[index] = await run(item).catch((error: unknown) => {
        hasFailed = true;
        throw error;
      });
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, worker));
  return results;
};
