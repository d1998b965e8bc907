/** For a promise whose failure somebody else tells, or nobody wants: one that nobody handles ends the process. */
export const ignored = (): void => undefined;

/** Begins now and is looked at later: what it throws waits until then, also for ever. */
export const begun = <T>(run: () => Promise<T>): Promise<T> => {
  const promise = run();
  promise.catch(ignored);
  return promise;
};
