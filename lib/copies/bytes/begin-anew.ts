import { newGeneration } from '../../schemas/ids.ts';
import type { CopyRun } from '../record/copy-run.ts';
import { objectKey } from '../record/object-key.ts';
import type { CopyServices } from '../record/services.ts';

/**
 * Forgets an upload that the store does not know any more (an operator or a lifecycle rule has removed it), and all that
 * is known of its parts: the next message begins the copy anew. Of several rows that find it gone at once one does it. What
 * the store has of it all the same goes first, since nobody knows of it afterwards.
 */
export const beginAnew = async (
  { copies, relay }: Pick<CopyServices, 'copies' | 'relay'>,
  { subject, signal }: Pick<CopyRun, 'subject' | 'signal'>,
): Promise<void> => {
  const key = objectKey(subject);
  // The run that has opened it did not find it in its subject.
  const { uploadId, generation } = (await copies.get(subject.copyId)) ?? subject;
  if (uploadId && generation === subject.generation) await relay.abortUpload(key, uploadId, { signal });
  await relay.clear(key, { signal });
  if (await copies.beginAnew(subject, newGeneration())) await copies.forgetParts(subject);
};
