import { readInventory } from '../../lib/replication/inventory/read-inventory.ts';
import { withSpeltRegions } from '../../lib/replication/inventory/spelt-regions.ts';
import type { Inventory } from '../../lib/replication/plan/change.ts';
import { planSync } from '../../lib/replication/plan/sync/plan-sync.ts';
import type { Policy } from '../../lib/replication/policy/policy.ts';
import { readPolicyFiles } from '../../lib/replication/policy/policy-files.ts';
import { type ExitCode, exitCodeOf } from '../call/exit-codes.ts';
import { openHere } from '../call/here.ts';
import { type Io, WrongUse } from '../call/io.ts';
import type { CommonOptions } from '../call/options.ts';
import { table } from '../progress/table.ts';
import { findPolicy, folderOf } from '../sync/find-policy.ts';
import { statesOf } from '../sync/states.ts';
import { readingsOf } from '../sync/tell-plan.ts';

/** @throws WrongUse where there are none; FerryError `misconfigured` for a file that is none */
const policiesFor = async (io: Io, named: string | undefined): Promise<readonly Policy[]> => {
  if (named !== undefined) return [await findPolicy(io, named)];
  const folder = folderOf(io);
  const { policies, broken } = await readPolicyFiles(folder);
  if (broken.length > 0) throw new WrongUse(broken.map(({ reason }) => reason).join('\n'));
  if (policies.length > 0) return policies;
  throw new WrongUse(`Which policy? There is none in ${folder}, where POLICIES_DIR says they are`);
};

const tell = (
  { stdout, stderr }: Io,
  { json = false }: CommonOptions,
  policy: Policy,
  inventory: Inventory,
): void => {
  const regions = policy.targets.map(({ region }) => region);
  const images = statesOf(policy, inventory, planSync(policy, inventory));
  const { failed } = inventory;
  if (json)
    stdout.write(`${JSON.stringify({ policy: policy.name, images, failed: Object.fromEntries(failed) })}\n`);
  else {
    const rows = images.map(({ id, name, states }) => [
      name,
      id,
      ...regions.map((region) => states[region] ?? ''),
    ]);
    stdout.write(`${policy.name}\n${table(['image', 'id', ...regions], rows)}`);
    for (const [region, reason] of failed) stderr.write(`${region} could not be read: ${reason}\n`);
  }
};

/** Shows which images of policies are in which regions, and how. */
export const status = async (
  io: Io,
  options: CommonOptions,
  [named]: readonly string[],
): Promise<ExitCode> => {
  const here = await openHere(io, options);
  const { signal } = io;
  const readings: boolean[] = [];
  for (const asWritten of await policiesFor(io, named)) {
    const policy = await withSpeltRegions(here.clouds, asWritten, { signal });
    const inventory = await readInventory(here.clouds, policy, { signal, atMs: Date.now() });
    tell(io, options, policy, inventory);
    readings.push(...readingsOf(inventory));
  }
  return exitCodeOf(readings);
};
