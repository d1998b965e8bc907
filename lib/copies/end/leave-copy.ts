import type { CopyId } from '../../schemas/ids.ts';
import type { Copy } from '../../state/copy.ts';
import { type Send, toCopy } from '../../state/messages.ts';
import { type ImportRef, importRef } from '../../state/refs.ts';
import type { Task } from '../../state/task.ts';
import { type ClearServices, clearCopy } from './clear-copy.ts';

export interface LeaveServices extends ClearServices {
  readonly send: Send;
  /** How long a finished copy is kept that nobody waits for any more, ms; 0 for not at all. */
  readonly keepMs: number;
}

/** An import that leaves, and what it knows of its copy's end: its bytes, or why there are none. */
export type Leaving = ImportRef & Partial<Pick<Task, 'transferred' | 'failure'>>;

/** Who was told of a copy's end was told by a message that tells all; another one may have died before it was sent. */
const isTold = ({ transferred, failure }: Leaving, copy: Copy): boolean =>
  copy.failure
    ? failure === copy.failure.reason
    : copy.transferred !== undefined && transferred !== undefined;

/**
 * An import waits for a copy no longer, or does not need its object any more. Who leaves last clears it up. One that
 * others want goes on by a message of its own, or tells them its end: the one that kept it going may have been this
 * import's. It may run twice,
 * side by side, or die anywhere.
 */
export const leaveCopy = async (
  services: LeaveServices,
  copyId: CopyId,
  leaving: Leaving,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> => {
  const left = await services.copies.leave(copyId, importRef(leaving), services.keepMs);
  if (left.state === 'ending') return await clearCopy(services, left.copy, { signal });
  if (left.state !== 'wanted' || isTold(leaving, left.copy)) return;
  await services.send(toCopy({ copyId }));
};
