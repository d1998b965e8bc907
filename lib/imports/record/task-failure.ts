import { errorRules, type FerryError } from '../../errors.ts';
import type { Send } from '../../state/messages.ts';
import { type ImportRef, importRef } from '../../state/refs.ts';
import type { Task } from '../../state/task.ts';
import type { Tasks } from '../../state/tasks.ts';

export interface FailureServices {
  readonly tasks: Pick<Tasks, 'fail'>;
  readonly send: Send;
}

/** Whether an import has failed for good: it stays so, and what is left to do is to end it. */
export const hasFailed = ({ failureCode }: Pick<Task, 'failureCode'>): boolean =>
  failureCode !== undefined && !errorRules[failureCode].retryable;

/** An import fails: its task says why, and fail-import, which rolls back what it has done, is sent for. */
export const failImport = async (
  { tasks, send }: FailureServices,
  ref: ImportRef,
  error: FerryError,
): Promise<void> => {
  await tasks.fail(ref, error);
  await send({ to: 'fail-import', message: importRef(ref) });
};
