import { memoryGb, prices } from '../bench/price-list.ts';
import type { Simulated } from './world.ts';

// What the tables of docs/scale.md tell of simulated days.

const GiB = 1024 ** 3;

export const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(share * values.length) - 1)] ?? Number.NaN;

export const span = (seconds: number): string =>
  seconds < 120
    ? `${seconds.toFixed(0)} s`
    : seconds < 7200
      ? `${(seconds / 60).toFixed(0)} min`
      : `${(seconds / 3600).toFixed(1)} h`;

const rate = (value: number): string => value.toFixed(value < 10 ? 1 : 0);

/** USD; the storage of what passes through the bucket, and traffic out of AWS, are in performance.md. */
export const costOf = ({ load, counts }: Simulated): number =>
  load.s3Writes.total() * prices.s3Write +
  load.s3Reads.total() * prices.s3Read +
  load.writes.total() * prices.dynamoWriteUnit +
  load.reads.total() * prices.dynamoReadUnit +
  load.sqs.total() * prices.sqsRequest +
  counts.runs * prices.lambdaRequest +
  (load.streamAtWork.seconds() * memoryGb.stream + load.applyAtWork.seconds() * memoryGb.apply) *
    prices.lambdaGbS;

export type Fact = readonly [name: string, value: (one: Simulated) => string];

const ends: readonly Fact[] = [
  ['imports that ended, of those asked for', ({ durations, asked }) => `${durations.length} of ${asked}`],
  ['POST to end: median', ({ durations }) => span(quantile(durations, 0.5))],
  ['99 %', ({ durations }) => span(quantile(durations, 0.99))],
  ['slowest', ({ durations }) => span(quantile(durations, 1))],
];

const queues: readonly Fact[] = [
  ['messages that wait for stream-image, at most', ({ load }) => `${load.streamWaiting.most()}`],
  ['hours in which some wait', ({ load }) => load.streamWaiting.hoursAboveZero().toFixed(1)],
  ['stream-image at work, at most', ({ load }) => `${load.streamAtWork.most()}`],
  ['apply-metadata at work, at most', ({ load }) => `${load.applyAtWork.most()}`],
  ['messages that wait for apply-metadata, at most', ({ load }) => `${load.applyWaiting.most()}`],
];

const services: readonly Fact[] = [
  [
    'DynamoDB write units a second: mean, peak',
    ({ load }) => `${rate(load.writes.mean())}, ${rate(load.writes.peak())}`,
  ],
  ['read units a second: mean, peak', ({ load }) => `${rate(load.reads.mean())}, ${rate(load.reads.peak())}`],
  [
    'busiest partition: write, read units in a second (limits 1000, 3000)',
    ({ load }) => `${rate(load.busiestWrites.peak())}, ${rate(load.busiestReads.peak())}`,
  ],
];

const sent: readonly Fact[] = [
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

export const factsOfDays: readonly Fact[] = [
  ...ends,
  ...queues,
  [
    'runs; of them handed over; died',
    ({ counts }) => `${counts.runs}; ${counts.handOvers}; ${counts.deaths}`,
  ],
  ['parts; sent more than once', ({ parts, counts }) => `${parts}; ${counts.partsSent - parts}`],
  ...services,
  ['write units for each part', ({ load, parts }) => (load.writes.total() / parts).toFixed(2)],
  ['read units for each part', ({ load, parts }) => (load.reads.total() / parts).toFixed(2)],
  ...sent,
];

export const factsOfRegions: readonly Fact[] = [
  ...ends,
  ['TiB read from the sources', ({ load }) => (load.source.total() / GiB / 1024).toFixed(1)],
  ...queues,
  ['hours of stream-image at work', ({ load }) => (load.streamAtWork.seconds() / 3600).toFixed(0)],
  ['hours of apply-metadata at work', ({ load }) => (load.applyAtWork.seconds() / 3600).toFixed(0)],
  ['runs; of them without a seat', ({ counts }) => `${counts.runs}; ${counts.polls}`],
  ...services,
  ...sent,
];

const beginsOf = ({ begun }: Simulated, project: number): readonly number[] =>
  [...begun.values()].filter(({ owner }) => Number(owner) === project).map(({ seconds }) => seconds);

const unitsOf = ({ load }: Simulated): string => `${load.writes.total()}, ${load.reads.total()}`;

export const factsOfFlood: readonly Fact[] = [
  ["another project's import begins after: median", (one) => span(quantile(beginsOf(one, 1), 0.5))],
  ['slowest', (one) => span(quantile(beginsOf(one, 1), 1))],
  ['the flood has ended after', ({ durations }) => span(quantile(durations, 1))],
  ['stream-image at work, at most', ({ load }) => `${load.streamAtWork.most()}`],
  ['runs that found no seat', ({ counts }) => `${counts.polls}`],
  ['SQS requests', ({ load }) => `${load.sqs.total()}`],
  ['DynamoDB write, read units', unitsOf],
  ['USD', (one) => `$${costOf(one).toFixed(3)}`],
];

export const factsOfOneAlone: readonly Fact[] = [
  ['one import of 1 GiB alone: DynamoDB write, read units', unitsOf],
  ['USD', (one) => `$${costOf(one).toFixed(6)}`],
];
