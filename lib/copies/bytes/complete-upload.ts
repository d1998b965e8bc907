import { PartGone } from '../../aws/s3/part-gone.ts';
import type { StoredPart } from '../../state/copy.ts';
import type { CopyRun } from '../record/copy-run.ts';
import { objectKey } from '../record/object-key.ts';
import type { CopyServices } from '../record/services.ts';

/**
 * Makes one object of an upload's parts. A part that the store does not have as it was stored is forgotten, or all where
 * the store does not say which: the next try copies it again.
 * @throws FerryError what the store says
 */
export const completeUpload = async (
  { copies, relay }: CopyServices,
  { subject, signal }: CopyRun,
  upload: { readonly uploadId: string; readonly size: number; readonly parts: readonly StoredPart[] },
): Promise<void> => {
  try {
    await relay.completeUpload({ key: objectKey(subject), ...upload }, { signal });
  } catch (error) {
    if (error instanceof PartGone) await copies.forgetParts(subject, error.number);
    throw error;
  }
};
