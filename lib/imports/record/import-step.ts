import { logOf } from '../../log.ts';
import type { Claims } from '../../state/claims.ts';
import type { ImportMessage } from '../../state/messages.ts';
import { type ImportRef, importRef } from '../../state/refs.ts';
import { hasEnded, type Task } from '../../state/task.ts';
import type { Tasks } from '../../state/tasks.ts';
import { type Outcome, send } from '../../steps/outcome.ts';
import type { Step } from '../../steps/step.ts';

type ImportStep = Step<ImportRef, Task, ImportMessage>;

export interface ImportStepServices {
  readonly tasks: Tasks;
  readonly claims: Claims;
}

/** An import that has failed for good: fail-import rolls back what it has done. */
export const toFailImport = (task: Task): Outcome => send({ to: 'fail-import', message: importRef(task) });

/** What all steps of an import have in common. Of an import that has ended nothing is left but, maybe, its claim. */
export const workOnImports = ({
  tasks,
  claims,
}: ImportStepServices): Pick<ImportStep, 'leases' | 'refOf' | 'load' | 'logOf'> => ({
  leases: claims,
  refOf: importRef,
  load: async (ref) => {
    const task = await tasks.get(ref);
    if (task && !hasEnded(task)) return task;
    await claims.release(ref);
    return undefined;
  },
  logOf,
});

/** Of the steps that may fail an import: its task says why, for a try that comes again as for the last one. */
export const failToFailImport = ({
  tasks,
}: Pick<ImportStepServices, 'tasks'>): Pick<ImportStep, 'keepReason' | 'failed'> => ({
  keepReason: (task, error) => tasks.fail(task, error),
  failed: async ({ subject }, error) => {
    await tasks.fail(subject, error);
    return toFailImport(subject);
  },
});
