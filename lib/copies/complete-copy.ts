import { PartGone } from '../aws/part-gone.ts';
import type { RelayStore } from '../aws/relay-store.ts';
import type { StoredPart } from '../transfer/copy.ts';
import type { StepRun } from '../steps/run-step.ts';
import { objectKey } from '../imports/record/task.ts';
import type { Tasks } from '../imports/record/tasks.ts';

/**
 * Makes one object of an upload's parts. A part that the store does not have as it was stored is forgotten, or all where
 * the store does not say which: the next try copies it again.
 * @throws FerryError what the store says
 */
export const completeCopy = async (
  { tasks, relay }: { readonly tasks: Tasks; readonly relay: RelayStore },
  { task, signal }: Pick<StepRun, 'task' | 'signal'>,
  upload: { readonly uploadId: string; readonly size: number; readonly parts: readonly StoredPart[] },
): Promise<void> => {
  try {
    await relay.completeUpload({ key: objectKey(task), ...upload }, { signal });
  } catch (error) {
    if (error instanceof PartGone) await tasks.forgetParts(task, error.number);
    throw error;
  }
};
