import type { RelayStore } from '../aws/relay-store.ts';
import type { StepRun } from '../steps/run-step.ts';
import { objectKey } from '../imports/record/task.ts';
import type { Tasks } from '../imports/record/tasks.ts';

/**
 * Forgets an upload that the store does not know any more (an operator or a lifecycle rule has removed it), and the plan
 * of its segments: the next message that comes begins the copy anew. Of segments that find it gone at once the first one
 * does it; where two do, the segments of one plan find none, and begin anew once more.
 */
export const beginAnew = async (
  { tasks, relay }: { readonly tasks: Tasks; readonly relay: RelayStore },
  { task, signal }: Pick<StepRun, 'task' | 'signal'>,
): Promise<void> => {
  const uploadId = (await tasks.get(task))?.uploadId;
  const isAnothers = task.segments !== undefined && uploadId !== task.uploadId;
  if (!uploadId || isAnothers) return;
  await relay.abortUpload(objectKey(task), uploadId, { signal });
  await tasks.update(task, { uploadId: undefined, segments: undefined, gathering: undefined });
};
