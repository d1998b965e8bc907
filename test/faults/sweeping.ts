import { lambdaContext } from '../integration/lambda.ts';
import { createCallLog } from './call-log.ts';
import { invoke, newRun, pass } from './context.ts';
import type { Deployment } from './deployment.ts';

const hour = 3_600_000; // ms

/**
 * Invokes sweep-imports as its schedule would.
 * @param hoursLater how far its clock is ahead: what was done before is that old for it
 * @returns what it logged
 */
export const sweep = async ({ functions }: Deployment, hoursLater: number): Promise<readonly string[]> => {
  const plan = { fateOf: () => pass, skewMs: () => hoursLater * hour };
  const run = newRun(plan, createCallLog());
  await invoke(run, 'sweep-imports', () => functions.standard['sweep-imports']({}, lambdaContext()));
  return run.logs;
};
