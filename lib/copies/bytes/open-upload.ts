import type { StoredPart } from '../../state/copy.ts';
import type { CopyRun } from '../record/copy-run.ts';
import { objectKey } from '../record/object-key.ts';
import type { CopyServices } from '../record/services.ts';

/** An upload, and what of the source's bytes it holds already. */
export interface Upload {
  readonly uploadId: string;
  readonly stored: ReadonlyMap<number, StoredPart>;
}

/** The upload of an earlier run with its parts, or a new one. */
export const openUpload = async ({ copies, relay }: CopyServices, run: CopyRun): Promise<Upload> => {
  const { subject, signal } = run;
  if (subject.uploadId) return { uploadId: subject.uploadId, stored: await copies.parts(subject) };
  const uploadId = await relay.createUpload(objectKey(subject), { signal });
  try {
    await run.change({ uploadId });
  } catch (error) {
    await relay.abortUpload(objectKey(subject), uploadId, { signal });
    throw error;
  }
  return { uploadId, stored: new Map() };
};
