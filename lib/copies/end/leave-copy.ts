import type { CopyId } from '../../schemas/ids.ts';
import type { Send } from '../../state/messages.ts';
import { type ImportRef, importRef } from '../../state/refs.ts';
import { type ClearServices, clearCopy } from './clear-copy.ts';

export interface LeaveServices extends ClearServices {
  readonly send: Send;
  /** How long a finished copy is kept that nobody waits for any more, ms; 0 for not at all. */
  readonly keepMs: number;
}

/**
 * An import waits for a copy no longer, or does not need its object any more. Who leaves last clears it up. One that
 * others want goes on by a message of its own: the one that kept it going may have been this import's. It may run twice,
 * side by side, or die anywhere.
 */
export const leaveCopy = async (
  services: LeaveServices,
  copyId: CopyId,
  ref: ImportRef,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> => {
  const left = await services.copies.leave(copyId, importRef(ref), services.keepMs);
  if (left.state === 'ending') return await clearCopy(services, left.copy, { signal });
  if (left.state !== 'wanted' || left.copy.transferred || left.copy.failure) return;
  await services.send({ to: 'stream-image', message: { copyId } });
};
