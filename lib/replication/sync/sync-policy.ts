import type { Clouds } from '../../clouds/cloud.ts';
import { asFerryError } from '../../errors.ts';
import { log } from '../../log.ts';
import { countSynced } from '../../metrics.ts';
import type { RegionName } from '../../schemas/ids.ts';
import { createApplyChanges, type Importer } from '../apply/apply-changes.ts';
import type { Result } from '../apply/result.ts';
import { readInventory } from '../inventory/read-inventory.ts';
import { withSpeltRegions } from '../inventory/spelt-regions.ts';
import type { Change } from '../plan/change.ts';
import { planSync } from '../plan/sync/plan-sync.ts';
import type { Policy } from '../policy/policy.ts';
import { type HistoryOf, withImports } from '../replicate/imports/read-imports.ts';
import { asPlanned, type RegionReport, reportOf } from './report.ts';

export interface SyncServices {
  readonly clouds: Pick<Clouds, 'region'>;
  /** Of the imports of a record. */
  readonly historyOf: HistoryOf;
  /** Asks for copies by this policy's rules. */
  importerOf(policy: Policy): Importer;
}

export interface SyncOptions {
  readonly signal: AbortSignal;
  /** ms since 1970. */
  readonly atMs: number;
  /** Nothing is done: what would be is told. */
  readonly isDry: boolean;
}

/** What has come of one policy. */
export interface PolicyReport {
  readonly policy: string;
  readonly regions: Readonly<Record<RegionName, RegionReport>>;
  /** What was done, or would be, change by change. */
  readonly results: readonly Result[];
  /** Why nothing could be done at all. */
  readonly failed?: string;
  /** Its turn has not come: the run's time has ended before. */
  readonly isLeft?: true;
}

/** How many families of a region are worked at side by side. */
const familiesAtOnce = 4;

const carryOut = (services: SyncServices, policy: Policy, changes: readonly Change[], options: SyncOptions) =>
  createApplyChanges({
    placeOf: async (region) => {
      const { images, identity } = await services.clouds.region(region, options);
      return { images, projectId: identity.projectId };
    },
    importer: services.importerOf(policy),
    atOnce: familiesAtOnce,
  })(changes, options);

/** Lines of a run: what failed or was kept one by one, the rest in numbers. */
const tell = ({ policy, regions, results }: PolicyReport): void => {
  for (const { change, outcome, reason } of results) {
    const { kind, region, image, name } = change;
    if (outcome === 'failed')
      log.warn('change failed', { policy, region, image_id: image, name, kind, reason });
    if (outcome === 'kept') log.info('image kept', { policy, region, image_id: image, name, kind, reason });
  }
  for (const [region, report] of Object.entries(regions)) {
    const level = report.failed > 0 ? 'warn' : 'info';
    log[level]('region synced', { policy, region, report });
    countSynced(region, report);
  }
};

/**
 * Brings the target regions of a policy to what it says, as far as one run can: what is missing is asked for, the next run
 * goes on when it is there. Keeps no state: two runs at once, and one after a death anywhere, find what is there.
 * @returns what was done; never throws
 */
export const syncPolicy = async (
  services: SyncServices,
  asWritten: Policy,
  options: SyncOptions,
): Promise<PolicyReport> => {
  const { name } = asWritten;
  try {
    const policy = await withSpeltRegions(services.clouds, asWritten, options);
    const images = await readInventory(services.clouds, policy, options);
    const inventory = await withImports(images, policy, services.historyOf);
    const changes = planSync(policy, inventory);
    const results = options.isDry ? asPlanned(changes) : await carryOut(services, policy, changes, options);
    const targets = policy.targets.map(({ region }) => region);
    const report = { policy: name, regions: reportOf(results, inventory.failed, targets), results };
    if (!options.isDry) tell(report);
    return report;
  } catch (error) {
    const { explanation } = asFerryError(error);
    log.warn('policy not synced', { policy: name, error });
    return { policy: name, regions: {}, results: [], failed: explanation };
  }
};
