import { setTimeout as delay } from 'node:timers/promises';
import type { RelayStore } from '../../aws/s3/relay-store.ts';
import type { Copies } from '../../state/copies.ts';
import type { Copy } from '../../state/copy.ts';
import { objectKey } from '../record/object-key.ts';

export interface ClearServices {
  readonly copies: Copies;
  readonly relay: RelayStore;
}

const lookAgainMs = 500;

/**
 * Clears a copy up that ends: nothing of it is left in the relay, and last of all not its record. It may run twice, side
 * by side, or die anywhere: as long as the record is there, the next one who leaves does it again.
 */
export const clearCopy = async (
  { copies, relay }: ClearServices,
  copy: Copy,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> => {
  // A part that arrives after its upload was aborted stays for ever: rows at work stop first, at their heartbeat.
  while (!(await copies.isAtRest(copy.copyId))) await delay(lookAgainMs, undefined, { signal });
  const key = objectKey(copy);
  // They may have opened an upload until then.
  const now = await copies.get(copy.copyId);
  const uploadId = (now?.generation === copy.generation && now.uploadId) || copy.uploadId;
  // By its id as well: some stores do not list their uploads, Swift's list is behind.
  if (uploadId) await relay.abortUpload(key, uploadId, { signal });
  await relay.clear(key, { signal });
  await copies.forgetParts(copy);
  await copies.remove(copy);
};
