import type { TaskId } from '../../../schemas/ids.ts';
import type { Claims } from '../../../state/claims.ts';
import type { ImportRef, Target } from '../../../state/refs.ts';
import { hasEnded, type Task } from '../../../state/task.ts';
import type { PastImport } from './past-imports.ts';

/** What can be known of a record's imports. */
export interface KnownImports {
  readonly claims: Pick<Claims, 'holder'>;
  readonly tasks: {
    get(ref: ImportRef): Promise<Pick<Task, 'taskId' | 'status' | 'message'> | undefined>;
    /** A target's, oldest first; a routine asks for them, and who begins none. */
    list?(target: Target): Promise<readonly PastImport[]>;
  };
}

/** The import that has the record, unless it has come to its end. */
export const runningImport = async (
  { claims, tasks }: KnownImports,
  target: Target,
): Promise<TaskId | undefined> => {
  const taskId = await claims.holder(target);
  const task = taskId && (await tasks.get({ ...target, taskId }));
  return task && !hasEnded(task) ? task.taskId : undefined;
};
