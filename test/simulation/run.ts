// `npm run simulate [-- days | regions | flood]`: imports of days in virtual time, of many images alone and of fewer for
// many regions each, and one project's flood; prints tables, and writes them into docs/scale.md.
import { log } from '../../lib/log.ts';
import { type Table, writeBetween } from '../bench/report.ts';
import type { Arrival } from './assumptions.ts';
import { createClock } from './clock.ts';
import { type Fact, factsOfDays, factsOfFlood, factsOfOneAlone, factsOfRegions } from './facts.ts';
import { assumed, days, flood, regions, type Scenario } from './scenarios.ts';
import { type Simulated, simulate } from './world.ts';

log.setLogLevel('SILENT');
process.env['POWERTOOLS_METRICS_DISABLED'] = 'true';

const page = new URL('../../docs/scale.md', import.meta.url);
const asked = process.argv.slice(2);
const isAsked = (name: string): boolean => asked.length === 0 || asked.includes(name);
/** A scenario that has been simulated. */
interface Ran extends Simulated {
  readonly name: string;
  /** Seconds for which rows are at work, all together. */
  readonly copyingS: number;
}

/** Bytes over bytes a second of one connection. */
const copyingSeconds = ({ arrivals, assumed }: Scenario): number =>
  arrivals.reduce((sum, { size }) => sum + size, 0) / Math.min(assumed.sourceRate, assumed.functionRate);

const all: Ran[] = [];

const run = async (scenario: Scenario): Promise<Simulated> => {
  const { name, arrivals, assumed } = scenario;
  const startedMs = performance.now();
  const simulated = await simulate(createClock(), arrivals, assumed);
  console.error(`${name}: ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  all.push({ name, copyingS: copyingSeconds(scenario), ...simulated });
  return simulated;
};

const runAll = async (scenarios: readonly Scenario[]): Promise<readonly Simulated[]> => {
  const results: Simulated[] = [];
  for (const scenario of scenarios) results.push(await run(scenario));
  return results;
};

const rowsOf = (facts: readonly Fact[], columns: readonly Simulated[]) =>
  facts.map(([name, value]) => [name, ...columns.map(value)]);

/** A column for each scenario. */
const besideEachOther = (scenarios: readonly Scenario[], rows: Table['rows']): Table => ({
  head: ['', ...scenarios.map(({ name }) => name)],
  rows,
});

const writeDays = async (): Promise<void> => {
  const tables: Table[] = [];
  for (const scenario of days())
    tables.push({ head: [scenario.name, ''], rows: rowsOf(factsOfDays, [await run(scenario)]) });
  writeBetween(page, 'simulate', tables);
};

const writeRegions = async (): Promise<void> => {
  const scenarios = regions();
  const rows = rowsOf(factsOfRegions, await runAll(scenarios));
  writeBetween(page, 'simulate-regions', [besideEachOther(scenarios, rows)]);
};

const withShares = (arrivals: readonly Arrival[]): readonly Scenario[] =>
  [assumed.sharePercent, 100].map((sharePercent) => ({
    name: `\`PROJECT_SHARE_PERCENT=${sharePercent}\``,
    arrivals,
    assumed: { ...assumed, sharePercent },
  }));

const writeFlood = async (): Promise<void> => {
  const alone = flood.slice(-1).map((arrival) => ({ ...arrival, atS: 0 }));
  const rows = [
    ...rowsOf(factsOfFlood, await runAll(withShares(flood))),
    ...rowsOf(factsOfOneAlone, await runAll(withShares(alone))),
  ];
  writeBetween(page, 'simulate-flood', [besideEachOther(withShares(flood), rows)]);
};

if (isAsked('days')) await writeDays();
if (isAsked('regions')) await writeRegions();
if (isAsked('flood')) await writeFlood();

const lost = all.filter(({ durations, asked }) => durations.length !== asked);
const littered = all.filter(({ left }) => left > 0);
/** Linear: what a part, and a second of a row at work, cost does not grow with their number. */
const dear = all.filter(
  ({ load, parts, asked, counts, copyingS }) =>
    Math.max(load.writes.total() / 4, load.reads.total() / 2) >
    parts + copyingS + 100 * asked + 4 * counts.runs,
);
const faults = [
  ...lost.map(({ name }) => `${name}: imports were lost`),
  ...littered.map(({ name, left }) => `${name}: ${left} objects, uploads or items are left`),
  ...dear.map(({ name }) => `${name}: requests grow faster than parts`),
];
if (faults.length > 0) {
  console.error(faults.join('\n'));
  process.exit(1);
}
process.exit(0);
