import { relayBlockSize } from '../../lib/copies/object/relay-object.ts';
import { MiB, partCount, planParts } from '../../lib/transfer/part-plan.ts';
import { gigabyte, memoryGb, prices } from './price-list.ts';

// From requests counted at two sizes to the price of an import of any size.

export const limits = { partSize: 16 * MiB, maxParts: 10_000 };
const partsOf = (size: number): number => partCount(size, planParts(size, limits));
export const counted = [16, 64] as const; // parts
/** Assumed of each of the two functions that move bytes; the throughput above is that of this machine. */
export const assumedRate = 200 * MiB; // bytes a second
export const heartbeatS = 20;

export type Numbers = Readonly<Record<string, number>>;

/** `fixed + each × parts` through two counts. */
export const lineThrough = (few: Numbers, many: Numbers) => {
  const names = [...new Set([...Object.keys(few), ...Object.keys(many)])];
  const [from, to] = counted;
  return names.map((name) => {
    const each = ((many[name] ?? 0) - (few[name] ?? 0)) / (to - from);
    return { name, few: few[name] ?? 0, many: many[name] ?? 0, each, fixed: (few[name] ?? 0) - from * each };
  });
};

/** Larger images are copied in segments, and their object is read once more to be proven. */
const segmentSize = 4096 * MiB;

const isFree = (name: string): boolean => /Delete|Abort/.test(name);
const isWrite = (name: string): boolean => name.startsWith('s3') && !isFree(name) && !/Get|Head/.test(name);

/** What was asked for: images of a size, each copied into the relay once, and given to so many targets in all. */
export interface Work {
  /** Bytes. */
  readonly size: number;
  readonly copies: number;
  readonly imports: number;
}

/** Seconds in which the two functions move bytes, and the write units and SQS requests of their heartbeats. */
const timesOf = ({ size, copies, imports }: Work) => {
  const seconds = size / assumedRate;
  const copyS = size > segmentSize ? 2 * seconds : seconds;
  const beats = copies * Math.floor(copyS / heartbeatS) + imports * Math.floor(seconds / heartbeatS);
  return { copyS, streamS: copies * copyS, applyS: imports * seconds, seconds, beats };
};

/** USD by service, and together, of work whose requests were counted. */
export const costsOf = (counts: Numbers, work: Work) => {
  const { size, copies, imports } = work;
  const { copyS, streamS, applyS, seconds, beats } = timesOf(work);
  const sum = (isWanted: (name: string) => boolean) =>
    Object.entries(counts).reduce((total, [name, count]) => total + (isWanted(name) ? count : 0), 0);
  const reads = Math.ceil(size / relayBlockSize) * (imports + (size > segmentSize ? copies : 0));
  const storedMonths = (copies * (0.5 * seconds + copyS)) / (730 * 3600); // fills, then waits while it is read
  const costs = {
    S3:
      sum(isWrite) * prices.s3Write +
      reads * prices.s3Read +
      (size / gigabyte) * storedMonths * prices.s3Storage,
    DynamoDB:
      (sum((name) => name === 'write units') + beats) * prices.dynamoWriteUnit +
      sum((name) => name === 'read units') * prices.dynamoReadUnit,
    SQS: (sum((name) => name.startsWith('sqs')) + beats) * prices.sqsRequest,
    EventBridge: sum((name) => name.startsWith('eventbridge')) * prices.event,
    API: imports * prices.apiRequest,
    Lambda:
      3 * imports * prices.lambdaRequest +
      (streamS * memoryGb.stream + applyS * memoryGb.apply) * prices.lambdaGbS +
      0.2 * imports * memoryGb.http * prices.lambdaGbS,
  };
  return { costs, total: Object.values(costs).reduce((all, cost) => all + cost, 0) };
};

/** USD of one import by service. */
export const costOf = (lines: ReturnType<typeof lineThrough>, size: number) => {
  const parts = partsOf(size);
  const counts = Object.fromEntries(lines.map(({ name, fixed, each }) => [name, fixed + each * parts]));
  const egress = (size / gigabyte) * prices.egress;
  return { parts, egress, ...costsOf(counts, { size, copies: 1, imports: 1 }) };
};
