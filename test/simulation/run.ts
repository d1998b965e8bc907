// `npm run simulate [-- flood]`: imports of days in virtual time, or one project's flood alone; prints tables, and writes them
// into docs/scale.md.
import { log } from '../../lib/log.ts';
import { memoryGb, prices } from '../bench/price-list.ts';
import { type Table, writeBetween } from '../bench/report.ts';
import { createClock } from './clock.ts';
import { assumed, flood, type Scenario, scenarios } from './scenarios.ts';
import { type Simulated, simulate } from './world.ts';

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(share * values.length) - 1)] ?? Number.NaN;

const span = (seconds: number): string =>
  seconds < 120
    ? `${seconds.toFixed(0)} s`
    : seconds < 7200
      ? `${(seconds / 60).toFixed(0)} min`
      : `${(seconds / 3600).toFixed(1)} h`;

const rate = (value: number): string => value.toFixed(value < 10 ? 1 : 0);

/** USD; the storage of what passes through the bucket, and traffic out of AWS, are in performance.md. */
const costOf = ({ load, counts }: Simulated): number =>
  load.s3Writes.total() * prices.s3Write +
  load.s3Reads.total() * prices.s3Read +
  load.writes.total() * prices.dynamoWriteUnit +
  load.reads.total() * prices.dynamoReadUnit +
  load.sqs.total() * prices.sqsRequest +
  counts.runs * prices.lambdaRequest +
  (load.streamAtWork.seconds() * memoryGb.stream + load.applyAtWork.seconds() * memoryGb.apply) *
    prices.lambdaGbS;

const facts: readonly (readonly [string, (one: Simulated, scenario: Scenario) => string])[] = [
  [
    'imports that ended, of those asked for',
    ({ durations }, { arrivals }) => `${durations.length} of ${arrivals.length}`,
  ],
  ['POST to end: median', ({ durations }) => span(quantile(durations, 0.5))],
  ['99 %', ({ durations }) => span(quantile(durations, 0.99))],
  ['slowest', ({ durations }) => span(quantile(durations, 1))],
  ['messages that wait for stream-image, at most', ({ load }) => `${load.streamWaiting.most()}`],
  ['hours in which some wait', ({ load }) => load.streamWaiting.hoursAboveZero().toFixed(1)],
  ['stream-image at work, at most', ({ load }) => `${load.streamAtWork.most()}`],
  ['apply-metadata at work, at most', ({ load }) => `${load.applyAtWork.most()}`],
  ['messages that wait for apply-metadata, at most', ({ load }) => `${load.applyWaiting.most()}`],
  [
    'runs; of them handed over; died',
    ({ counts }) => `${counts.runs}; ${counts.handOvers}; ${counts.deaths}`,
  ],
  ['parts; sent more than once', ({ parts, counts }) => `${parts}; ${counts.partsSent - parts}`],
  [
    'DynamoDB write units a second: mean, peak',
    ({ load }) => `${rate(load.writes.mean())}, ${rate(load.writes.peak())}`,
  ],
  ['read units a second: mean, peak', ({ load }) => `${rate(load.reads.mean())}, ${rate(load.reads.peak())}`],
  [
    'busiest partition: write, read units in a second (limits 1000, 3000)',
    ({ load }) => `${rate(load.busiestWrites.peak())}, ${rate(load.busiestReads.peak())}`,
  ],
  ['write units for each part', ({ load, parts }) => (load.writes.total() / parts).toFixed(2)],
  ['read units for each part', ({ load, parts }) => (load.reads.total() / parts).toFixed(2)],
  [
    'S3 writes a second: mean, peak (limit 3500)',
    ({ load }) => `${rate(load.s3Writes.mean())}, ${rate(load.s3Writes.peak())}`,
  ],
  [
    'S3 reads a second: mean, peak (limit 5500)',
    ({ load }) => `${rate(load.s3Reads.mean())}, ${rate(load.s3Reads.peak())}`,
  ],
  ['SQS requests a second: mean, peak', ({ load }) => `${rate(load.sqs.mean())}, ${rate(load.sqs.peak())}`],
  ['uploads into Glance too long for a Lambda', ({ counts }) => `${counts.tooLargeForUpload}`],
  ['USD', (one) => `$${costOf(one).toFixed(2)}`],
];

log.setLogLevel('SILENT');
const results: { readonly scenario: Scenario; readonly simulated: Simulated }[] = [];
const days = process.argv.includes('flood') ? [] : scenarios();
for (const scenario of days) {
  const startedMs = performance.now();
  results.push({ scenario, simulated: await simulate(createClock(), scenario.arrivals, scenario.assumed) });
  console.error(`${scenario.name}: ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
}

const tableOf = ({ scenario, simulated }: (typeof results)[number]): Table => ({
  head: [scenario.name, ''],
  rows: facts.map(([name, value]) => [name, value(simulated, scenario)]),
});
const page = new URL('../../docs/scale.md', import.meta.url);
if (days.length > 0) writeBetween(page, 'simulate', results.map(tableOf));

const sharePercents = [assumed.sharePercent, 100];
const simulateShared = async (arrivals: Scenario['arrivals']): Promise<readonly Simulated[]> => {
  const simulated: Simulated[] = [];
  for (const sharePercent of sharePercents)
    simulated.push(await simulate(createClock(), arrivals, { ...assumed, sharePercent }));
  return simulated;
};

/** Of the imports of one project, seconds from the request until work began. */
const beginsOf = ({ begun }: Simulated, project: number): readonly number[] =>
  [...begun.values()].filter(({ owner }) => Number(owner) === project).map(({ seconds }) => seconds);

const unitsOf = ({ load }: Simulated): string => `${load.writes.total()}, ${load.reads.total()}`;

const floodFacts: readonly (readonly [string, (one: Simulated) => string])[] = [
  ["another project's import begins after: median", (one) => span(quantile(beginsOf(one, 1), 0.5))],
  ['slowest', (one) => span(quantile(beginsOf(one, 1), 1))],
  ['the flood has ended after', ({ durations }) => span(quantile(durations, 1))],
  ['stream-image at work, at most', ({ load }) => `${load.streamAtWork.most()}`],
  ['runs that found no seat', ({ counts }) => `${counts.polls}`],
  ['SQS requests', ({ load }) => `${load.sqs.total()}`],
  ['DynamoDB write, read units', unitsOf],
  ['USD', (one) => `$${costOf(one).toFixed(3)}`],
];
const aloneFacts: readonly (readonly [string, (one: Simulated) => string])[] = [
  ['one import of 1 GiB alone: DynamoDB write, read units', unitsOf],
  ['USD', (one) => `$${costOf(one).toFixed(6)}`],
];
const alone = flood.slice(-1).map((arrival) => ({ ...arrival, atS: 0 }));
const [flooded, single] = [await simulateShared(flood), await simulateShared(alone)];
writeBetween(page, 'simulate-flood', [
  {
    head: ['', ...sharePercents.map((percent) => `\`PROJECT_SHARE_PERCENT=${percent}\``)],
    rows: [
      ...floodFacts.map(([name, value]) => [name, ...flooded.map(value)]),
      ...aloneFacts.map(([name, value]) => [name, ...single.map(value)]),
    ],
  },
]);

const lost = results.filter(
  ({ scenario, simulated }) => simulated.durations.length !== scenario.arrivals.length,
);
/** Linear: what a part costs does not grow with the number of parts. */
const dear = results.filter(
  ({ simulated: { load, parts } }) =>
    load.writes.total() > 4 * parts + 200 * 10_000 || load.reads.total() > 2 * parts + 200 * 10_000,
);
if (lost.length + dear.length > 0) {
  console.error('imports were lost, or requests grow faster than parts');
  process.exit(1);
}
process.exit(0);
