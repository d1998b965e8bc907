/** Begins now and is looked at later: what it throws waits until then, also for ever. */
export const begun = <T>(run: () => Promise<T>): Promise<T> => {
  const promise = run();
  promise.catch(() => undefined);
  return promise;
};
