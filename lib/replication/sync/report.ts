import type { Synced } from '../../metrics.ts';
import type { RegionName } from '../../schemas/ids.ts';
import type { Result } from '../apply/result.ts';
import type { Change } from '../plan/change.ts';

/** What a run has done in one region, or would do. */
export interface RegionReport extends Synced {
  /** Why the region could not be read, so that nothing was done there. */
  readonly unreachable?: string;
}

type Counted = Exclude<keyof RegionReport, 'bytes' | 'unreachable'>;

const nothing: RegionReport = { copied: 0, bytes: 0, updated: 0, retired: 0, kept: 0, failed: 0 };

const countedAs = ({ change, outcome }: Result): Counted => {
  if (outcome !== 'done') return outcome;
  if (change.kind === 'copy') return 'copied';
  return change.isRetirement ? 'retired' : 'updated';
};

const adding = (report: RegionReport, result: Result): RegionReport => {
  const as = countedAs(result);
  const bytes = report.bytes + (as === 'copied' ? result.change.bytes : 0);
  return { ...report, bytes, [as]: report[as] + 1 };
};

/**
 * What came of a run, region by region.
 * @param failed regions that could not be read, with the reason
 * @param targets regions that are told of although nothing was to be done there
 */
export const reportOf = (
  results: readonly Result[],
  failed: ReadonlyMap<RegionName, string>,
  targets: readonly RegionName[] = [],
): Readonly<Record<RegionName, RegionReport>> => {
  const reports: Record<RegionName, RegionReport> = {};
  for (const region of targets) reports[region] = nothing;
  for (const [region, reason] of failed) reports[region] = { ...nothing, failed: 1, unreachable: reason };
  for (const result of results) {
    const { region } = result.change;
    reports[region] = adding(reports[region] ?? nothing, result);
  }
  return reports;
};

/** The results that a plan would have if nothing came in between. */
export const asPlanned = (changes: readonly Change[]): readonly Result[] =>
  changes.map((change) => {
    if (change.kind !== 'skip') return { change, outcome: 'done', reason: change.reason };
    return { change, outcome: change.isError ? 'failed' : 'kept', reason: change.reason };
  });
