import { lambdaContext } from '../integration/lambda.ts';
import { createCallLog } from './call-log.ts';
import { invoke, newRun, type Plan, pass, type Run } from './context.ts';
import type { Deployment } from './deployment.ts';

const hour = 3_600_000; // ms

/**
 * Invokes sweep-imports as its schedule would, and waits until it returns, throws or dies.
 * @param hoursLater how far its clock is ahead: what was done before is that old for it
 * @param fateOf what goes wrong with its calls; nothing when absent
 */
export const sweep = async (
  { functions }: Deployment,
  hoursLater: number,
  fateOf: Plan['fateOf'] = () => pass,
): Promise<Run> => {
  const run = newRun({ fateOf, skewMs: () => hoursLater * hour }, createCallLog());
  const sweepImports = () => functions.standard['sweep-imports']({}, lambdaContext());
  await invoke(run, 'sweep-imports', sweepImports).catch((error: unknown) => run.logs.push(String(error)));
  return run;
};
