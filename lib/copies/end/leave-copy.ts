import type { CopyId } from '../../schemas/ids.ts';
import type { Copy } from '../../state/copy.ts';
import { type Send, type Sending, toCopy } from '../../state/messages.ts';
import { type ImportRef, importRef } from '../../state/refs.ts';
import type { Task } from '../../state/task.ts';
import { type ClearServices, clearCopy } from './clear-copy.ts';

export interface LeaveServices extends ClearServices {
  readonly send: Send;
  /** How long a finished copy is kept that nobody waits for any more, ms; 0 for not at all. */
  readonly keepMs: number;
}

/** An import that leaves, and the bytes that it has had of the copy. */
export type Leaving = ImportRef & Partial<Pick<Task, 'transferred'>>;

/**
 * What keeps a copy going that others still want: the message that did so may have been the leaving import's. Of a failed
 * one each that leaves sends the next, whether it was sent before or not. An import that was handed a finished copy was
 * so by a message that serves all.
 */
const forOthers = (copy: Copy, { transferred }: Leaving): Sending | undefined => {
  const [next] = copy.waiting;
  if (copy.failure && next) return { to: 'fail-import', message: importRef(next) };
  return copy.transferred && transferred ? undefined : toCopy({ copyId: copy.copyId });
};

/**
 * An import waits for a copy no longer, or does not need its object any more. The last one to leave clears it up. It may
 * run twice, side by side, or die anywhere.
 */
export const leaveCopy = async (
  services: LeaveServices,
  copyId: CopyId,
  leaving: Leaving,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> => {
  const left = await services.copies.leave(copyId, importRef(leaving), services.keepMs);
  if (left.state === 'ending') return await clearCopy(services, left.copy, { signal });
  const sending = left.state === 'wanted' ? forOthers(left.copy, leaving) : undefined;
  if (sending) await services.send(sending);
};
