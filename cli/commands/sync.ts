import { createApplyChanges } from '../../lib/replication/apply/apply-changes.ts';
import type { PlanAgain } from '../../lib/replication/apply/renew-retirement.ts';
import type { Result } from '../../lib/replication/apply/result.ts';
import { readInventory } from '../../lib/replication/inventory/read-inventory.ts';
import { withSpeltRegions } from '../../lib/replication/inventory/spelt-regions.ts';
import type { Change } from '../../lib/replication/plan/change.ts';
import { keepPlan, planText } from '../../lib/replication/plan/report/plan-file.ts';
import { planSync } from '../../lib/replication/plan/sync/plan-sync.ts';
import type { Policy } from '../../lib/replication/policy/policy.ts';
import type { ExitCode } from '../call/exit-codes.ts';
import { type Here, openHere } from '../call/here.ts';
import type { Io } from '../call/io.ts';
import { writeNamed } from '../call/named-file.ts';
import type { CommonOptions } from '../call/options.ts';
import { signalOf } from '../call/signal.ts';
import { servedRegions } from '../deployment/served-regions.ts';
import { createBoard } from '../progress/board.ts';
import { createScreen } from '../progress/screen.ts';
import { findPolicy } from '../sync/find-policy.ts';
import { importCopies, type RegionTotal } from '../sync/import-copies.ts';
import { keptChanges } from '../sync/kept-changes.ts';
import { readImports } from '../sync/read-imports.ts';
import { tellDone } from '../sync/tell-done.ts';
import { tellPlan } from '../sync/tell-plan.ts';

export interface SyncCommandOptions extends CommonOptions {
  readonly dryRun?: boolean;
  /** Where the plan is kept. */
  readonly plan?: string;
  /** A kept plan. */
  readonly apply?: string;
  /** ms. */
  readonly timeout?: number;
}

/** How many families of a region are worked at side by side, where the policy says nothing. */
const familiesAtOnce = 4;

interface Doing {
  readonly here: Here;
  readonly planAgain: PlanAgain;
  readonly policy: Policy;
  readonly changes: readonly Change[];
  readonly signal: AbortSignal;
}

/** @throws WrongUse, before anything is done, where nobody says which deployment imports into one of the regions */
const carryOut = async (
  io: Io,
  options: SyncCommandOptions,
  { here, planAgain, policy, changes, signal }: Doing,
) => {
  const copies = Map.groupBy(
    changes.filter(({ kind }) => kind === 'copy'),
    ({ region }): string => region,
  );
  const regions = [...copies.keys()];
  const from = policy.source.region;
  const servedAt = await servedRegions(io, options, here, { regions, from, signal });
  const board = createBoard(createScreen(io.stderr), regions);
  const totalOf = (region: string): RegionTotal => {
    const own = copies.get(region) ?? [];
    return { bytes: own.reduce((sum, { bytes }) => sum + bytes, 0), count: own.length };
  };
  const apply = createApplyChanges({
    placeOf: async (region) => {
      const { images, identity } = await here.clouds.region(region, { signal });
      return { images, projectId: identity.projectId };
    },
    importer: importCopies({ here, servedAt, policy, board, totalOf }),
    planAgain,
    atOnce: policy.caps.importsPerRegion ?? familiesAtOnce,
  });
  const results = await apply(changes, { signal });
  board.end();
  return results;
};

const tellHowToGoOn = ({ stderr }: Io, named: string, results: readonly Result[]): void => {
  if (!results.some(({ isTimeEnded }) => isTimeEnded)) return;
  stderr.write(
    'Not everything was done in the time. Imports that have begun go on by themselves; the rest does\nthis, which moves no byte again:\n' +
      `  glance-ferry sync ${named}\n`,
  );
};

/**
 * Brings regions to what a policy says, with the caller's rights: what is to be copied is imported by the deployment, and
 * waited for.
 * @throws WrongUse, FerryError where not even a plan can be made
 */
export const sync = async (
  io: Io,
  options: SyncCommandOptions,
  [named = '']: readonly string[],
): Promise<ExitCode> => {
  const signal = signalOf(io, options);
  const asWritten = await findPolicy(io, named);
  const here = await openHere(io, options);
  const policy = await withSpeltRegions(here.clouds, asWritten, { signal });
  const look = () => readInventory(here.clouds, policy, { signal, atMs: Date.now() });
  const planAgain = async () => planSync(policy, await look());
  const servedAt = await servedRegions(io, options, here, {
    regions: [],
    from: policy.source.region,
    signal,
  });
  const inventory = await readImports(await look(), policy, servedAt, { signal });
  const planned = planSync(policy, inventory);
  if (options.plan !== undefined)
    await writeNamed('--plan', options.plan, planText(keepPlan(policy, inventory, planned)));
  if (options.dryRun || options.plan !== undefined) return tellPlan(io, options, planned, inventory);
  const changes = options.apply === undefined ? planned : await keptChanges(options.apply, policy, inventory);
  const results = await carryOut(io, options, { here, planAgain, policy, changes, signal });
  tellHowToGoOn(io, named, results);
  return tellDone(io, options, results, inventory);
};
