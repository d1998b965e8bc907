import type { Run } from './context.ts';
import type { Evidence, ImportEvidence } from './evidence.ts';

const isEnd = (state: unknown): boolean => state === 'success' || state === 'failure';

/** A bus that did not take it has its line in the log. */
const isTold = ({ logs }: Run, { told }: ImportEvidence, taskId: string, state: string): boolean =>
  told.some((one) => one.task_id === taskId && one.state === state) ||
  logs.some(
    (line) =>
      line.includes('change of state not told') &&
      line.includes(taskId) &&
      line.includes(`"state":"${state}"`),
  );

/** Of an import what must have been told: its request, if that was granted, its beginning, if it succeeded, its end. */
const statesOf = ({ answer }: ImportEvidence, status: string): readonly string[] => [
  ...(answer === 'died' || answer.status >= 400 ? [] : ['pending']),
  ...(status === 'success' ? ['processing'] : []),
  ...(isEnd(status) ? [status] : []),
];

/** Every import that has a task is told of, at least once, and no end is told but its own. */
export const othersAreTold = ({ imports, run }: Evidence): readonly string[] =>
  imports.flatMap((evidence) =>
    evidence.tasks.flatMap(({ taskId, status }) => {
      const task = { id: String(taskId), status: String(status) };
      const untold = statesOf(evidence, task.status).filter(
        (state) => !isTold(run, evidence, task.id, state),
      );
      const wrong = evidence.told.filter(
        ({ task_id, state }) => task_id === task.id && isEnd(state) && state !== task.status,
      );
      return [
        ...untold.map((state) => `nobody was told that the import is in ${state}`),
        ...wrong.map(({ state }) => `${state} was told of an import that is in ${task.status}`),
      ];
    }),
  );
