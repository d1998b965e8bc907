import { unknownReason } from '../../copies/end/fail-copy.ts';
import type { ErrorCode } from '../../errors.ts';
import type { Copy } from '../../state/copy.ts';
import type { Task } from '../../state/task.ts';
import { hasFailed } from '../record/task-failure.ts';

/** Why an import fails, and of what kind that is, where anybody has said so. */
export interface Failure {
  readonly explanation: string;
  readonly code: ErrorCode;
}

/**
 * Why an import has failed: for a reason of its own that is final, or because its copy has; else for what the last try has
 * said, which is the copy's own as long as that was not finished.
 */
export const failureOf = (
  task: Pick<Task, 'failure' | 'failureCode'>,
  copy: Pick<Copy, 'failure' | 'lastFailure' | 'transferred'> | undefined,
): Failure => {
  const { failure, failureCode: code = 'internal' } = task;
  const own = failure === undefined ? undefined : { explanation: failure, code };
  if (own && hasFailed(task)) return own;
  const last = copy?.failure ?? (copy?.transferred ? undefined : copy?.lastFailure);
  if (last) return { explanation: last.reason, code: last.code };
  return own ?? { explanation: unknownReason, code: 'internal' };
};
