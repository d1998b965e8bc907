import type { RelayStore } from '../aws/relay-store.ts';
import type { ByteSource } from '../download/download.ts';
import { type Reading, type RetryBudget, startReading } from '../download/reading.ts';
import { objectKey, type Task } from './task.ts';

export interface RelayObjectServices {
  readonly relay: RelayStore;
  /** For reading the object, as for reading a source. */
  readonly sourceBudget: RetryBudget;
}

/**
 * The finished object of a task, read like a source: opened again at the byte where it broke.
 * @param from the byte to begin with
 * @throws FerryError `not-found` when there is no such object; `unavailable` when the budget is spent
 */
export const readRelayObject = (
  { relay, sourceBudget }: RelayObjectServices,
  task: Task,
  { size, from = 0, signal }: { readonly size: number; readonly from?: number; readonly signal: AbortSignal },
): Promise<Reading> => {
  const object: ByteSource = {
    name: `the transferred object of image ${task.imageId}`,
    open: async ({ offset = 0, signal }) => ({
      startsAt: offset,
      length: size - offset,
      body: await relay.open(objectKey(task), { offset, signal }),
    }),
  };
  return startReading(object, { size, offset: from, budget: sourceBudget, signal });
};
