import type { RelayStore } from '../aws/relay-store.ts';
import type { SourceDescription } from '../download/download.ts';
import { claimLost } from '../errors.ts';
import type { StoredPart } from '../transfer/copy.ts';
import { type PartPlan, resumeOffset } from '../transfer/part-plan.ts';
import type { StepRun } from '../steps/run-step.ts';
import { objectKey } from '../imports/record/task.ts';
import type { Tasks } from '../imports/record/tasks.ts';

/** An upload, and what of the source's bytes it holds already. */
export interface EarlierParts {
  readonly uploadId: string;
  readonly stored: ReadonlyMap<number, StoredPart>;
}

/**
 * The upload of an earlier try with its parts, if they are of the same source; else a new one, and the old one is
 * aborted.
 */
export const earlierParts = async (
  { tasks, relay }: { readonly tasks: Tasks; readonly relay: RelayStore },
  { task, signal }: StepRun,
  { identity }: SourceDescription,
): Promise<EarlierParts> => {
  const { uploadId: earlier, sourceIdentity } = task;
  if (earlier && sourceIdentity === identity) return { uploadId: earlier, stored: await tasks.parts(task) };
  if (earlier) await relay.abortUpload(objectKey(task), earlier, { signal });
  await tasks.forgetCopy(task);
  const uploadId = await relay.createUpload(objectKey(task), { signal });
  if (!(await tasks.update(task, { uploadId, sourceIdentity: identity }))) {
    await relay.abortUpload(objectKey(task), uploadId, { signal });
    throw claimLost();
  }
  return { uploadId, stored: new Map() };
};

/** The byte to begin with: where the stored parts end, if the source's record vouches for the bytes before it. */
export const beginAt = (
  { stored }: EarlierParts,
  { size, isResumable }: SourceDescription,
  plan: PartPlan,
): number => {
  if (!isResumable || size === undefined) return 0;
  return resumeOffset(new Map([...stored].map(([number, part]) => [number, part.size])), size, plan);
};
