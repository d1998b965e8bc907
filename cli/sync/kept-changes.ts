import { FerryError } from '../../lib/errors.ts';
import type { Change, Inventory } from '../../lib/replication/plan/change.ts';
import {
  isPlanOf,
  type KeptPlan,
  outdatedChanges,
  readPlan,
} from '../../lib/replication/plan/report/plan-file.ts';
import type { Policy } from '../../lib/replication/policy/policy.ts';
import { WrongUse } from '../call/io.ts';
import { readNamed } from '../call/named-file.ts';
import { table } from '../progress/table.ts';

/** @throws WrongUse for a file that cannot be read, or is no plan, or another policy's */
const planIn = async (file: string, { name }: Policy): Promise<KeptPlan> => {
  const text = await readNamed('--apply', file);
  try {
    const plan = readPlan(text, file);
    if (plan.policy === name) return plan;
    throw new WrongUse(`${file} is a plan of policy ${plan.policy}, not of ${name}`);
  } catch (error) {
    if (!(error instanceof FerryError)) throw error;
    throw new WrongUse(error.message, { cause: error });
  }
};

const refused = ({ madeAt }: KeptPlan, file: string, why: string): FerryError =>
  new FerryError('conflict', `${file}, of ${madeAt}, is refused: ${why}`);

/**
 * The changes of a plan that was kept.
 * @throws WrongUse for a file that is no plan of this policy; FerryError `conflict` for a plan that the policy or the world
 *   has outrun, with where
 */
export const keptChanges = async (
  file: string,
  policy: Policy,
  inventory: Inventory,
): Promise<readonly Change[]> => {
  const plan = await planIn(file, policy);
  if (!isPlanOf(plan, policy)) throw refused(plan, file, `policy ${policy.name} has changed since`);
  const outdated = outdatedChanges(plan, inventory);
  if (outdated.length === 0) return plan.changes;
  const lines = outdated.map(({ region, kind, image, name }) => [`  ${region}`, kind, image, name]);
  throw refused(
    plan,
    file,
    `the world has changed since, for ${outdated.length} of its ${plan.changes.length} changes:\n` +
      `${table(['  region', 'action', 'image', 'name'], lines)}Make a new one.`,
  );
};
