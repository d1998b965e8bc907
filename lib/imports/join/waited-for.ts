import type { Download, SourceDescription } from '../../download/download.ts';
import { hasCode } from '../../errors.ts';
import type { Copies } from '../../state/copies.ts';
import type { Copy } from '../../state/copy.ts';
import type { Task } from '../../state/task.ts';

// A message that comes again: its import may wait for a copy already.

/** Whether an import is among those that wait for a copy. */
export const isWaiting = ({ waiting }: Copy, { taskId }: Task): boolean =>
  waiting.some((ref) => ref.taskId === taskId);

/** @returns the copy that an import waits for already, since an earlier run */
export const waitedFor = async (
  { copies }: { readonly copies: Pick<Copies, 'get'> },
  task: Task,
): Promise<Copy | undefined> => {
  const copy = task.copyId && (await copies.get(task.copyId));
  return copy && isWaiting(copy, task) ? copy : undefined;
};

/**
 * What the source is now. One that is gone, or refuses a token that was good, ends no import that waits for its copy
 * already: the copy may have all its bytes, and asks for itself if not.
 * @returns that copy then
 */
export const describeSource = async (
  download: Download,
  own: Copy | undefined,
  { signal }: { readonly signal: AbortSignal },
): Promise<SourceDescription | Copy> => {
  try {
    return await download.describe({ signal });
  } catch (error) {
    if (own && hasCode(error, 'bad-request')) return own;
    throw error;
  }
};
