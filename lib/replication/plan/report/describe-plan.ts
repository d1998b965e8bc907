import type { RegionName } from '../../../schemas/ids.ts';
import type { Change, Value } from '../change.ts';

/** A line of a plan, for people. */
export interface PlanRow {
  readonly region: RegionName;
  /** `copy`, `update`, …; `skip` and, where somebody has to decide, `error`. */
  readonly action: string;
  /** Id; the source's for what is copied. */
  readonly image: string;
  readonly name: string;
  /** That it moves. */
  readonly bytes: number;
  readonly reason: string;
}

/** What a plan comes to. */
export interface PlanSums {
  readonly copies: number;
  /** That they move. */
  readonly bytes: number;
  readonly updates: number;
  /** Images that go a rung down their ladder, or lose their name to a successor. */
  readonly retirements: number;
  readonly skipped: number;
  readonly errors: number;
}

export interface PlanDescription {
  readonly rows: readonly PlanRow[];
  readonly sums: PlanSums;
  readonly sumsOf: Readonly<Record<RegionName, PlanSums>>;
}

const actionOf = (change: Change): string =>
  change.kind === 'skip' && change.isError ? 'error' : change.kind;

const valuesIn = (set: Readonly<Record<string, Value>>): string =>
  Object.entries(set)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');

const detailOf = (change: Change): string => {
  if (change.kind === 'rename') return `to ${change.to}: `;
  if (change.kind === 'publish' || change.kind === 'unpublish') return `${change.visibility}: `;
  if (change.kind === 'update' && change.isRetirement) return `${valuesIn(change.set)}: `;
  if (change.kind === 'update' && change.set['owner'] !== undefined)
    return `to project ${change.set['owner']}: `;
  if (change.kind !== 'members') return '';
  return `${change.add.length} more, ${change.remove.length} less: `;
};

const rowOf = (change: Change): PlanRow => ({
  region: change.region,
  action: actionOf(change),
  image: change.image,
  name: change.name,
  bytes: change.bytes,
  reason: `${detailOf(change)}${change.reason}`,
});

const sumsOver = (changes: readonly Change[]): PlanSums => {
  const copies = changes.filter(({ kind }) => kind === 'copy');
  const skips = changes.filter((change) => change.kind === 'skip');
  const errors = skips.filter(({ isError }) => isError).length;
  const doing = changes.filter(({ kind }) => kind !== 'skip' && kind !== 'copy');
  const retired = doing
    .filter(({ isRetirement }) => isRetirement)
    .map(({ region, image }) => `${region} ${image}`);
  return {
    copies: copies.length,
    bytes: copies.reduce((sum, { bytes }) => sum + bytes, 0),
    updates: doing.filter(({ isRetirement }) => !isRetirement).length,
    retirements: new Set(retired).size,
    skipped: skips.length - errors,
    errors,
  };
};

/** A plan as a table with its sums, whole and region by region. */
export const describePlan = (changes: readonly Change[]): PlanDescription => ({
  rows: changes.map(rowOf),
  sums: sumsOver(changes),
  sumsOf: Object.fromEntries(
    [...Map.groupBy(changes, ({ region }) => region)].map(([region, own]) => [region, sumsOver(own)]),
  ),
});

/**
 * As the last line of a plan.
 * @param inUnits writes bytes: `1.5 GiB`
 */
export const sumsInWords = (
  { copies, bytes, updates, retirements, skipped, errors }: PlanSums,
  inUnits: (bytes: number) => string,
): string =>
  [
    `${copies} to copy (${inUnits(bytes)})`,
    `${updates} to update`,
    `${retirements} to retire`,
    `${skipped} left as they are`,
    ...(errors > 0 ? [`${errors} to decide on`] : []),
  ].join(', ');
