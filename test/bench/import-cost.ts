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
const readsOf = (size: number): number => Math.ceil(size / relayBlockSize) * (size > segmentSize ? 2 : 1);

const isFree = (name: string): boolean => /Delete|Abort/.test(name);

/** USD of one import by service. */
export const costOf = (lines: ReturnType<typeof lineThrough>, size: number) => {
  const parts = partsOf(size);
  const seconds = size / assumedRate;
  const isCut = size > segmentSize;
  const streamS = isCut ? 2 * seconds : seconds;
  const beats = Math.floor(streamS / heartbeatS) + Math.floor(seconds / heartbeatS); // both functions that move bytes
  const sum = (isWanted: (name: string) => boolean) =>
    lines
      .filter(({ name }) => isWanted(name))
      .reduce((total, { fixed, each }) => total + fixed + each * parts, 0);
  const storedMonths = (0.5 * seconds + streamS) / (730 * 3600); // fills, then waits while it is read
  const costs = {
    S3:
      sum((name) => name.startsWith('s3') && !isFree(name) && !/Get|Head/.test(name)) * prices.s3Write +
      readsOf(size) * prices.s3Read +
      (size / gigabyte) * storedMonths * prices.s3Storage,
    DynamoDB:
      (sum((name) => name === 'write units') + beats) * prices.dynamoWriteUnit +
      sum((name) => name === 'read units') * prices.dynamoReadUnit,
    SQS: (sum((name) => name.startsWith('sqs')) + beats) * prices.sqsRequest,
    API: prices.apiRequest,
    Lambda:
      3 * prices.lambdaRequest +
      (streamS * memoryGb.stream + seconds * memoryGb.apply) * prices.lambdaGbS +
      0.2 * memoryGb.http * prices.lambdaGbS,
  };
  const total = Object.values(costs).reduce((all, cost) => all + cost, 0);
  return { parts, costs, total, egress: (size / gigabyte) * prices.egress };
};
