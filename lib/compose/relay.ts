import { createRelayStore } from '../aws/s3/relay-store.ts';
import { createS3Client } from '../aws/s3/s3-client.ts';
import type { Config } from '../config.ts';
import { largestPartIn, MiB, type PartLimits } from '../transfer/part-plan.ts';

// From settings to the relay, and to how bytes move through it.

const msPerHour = 3_600_000;

export const composeRelay = (config: Config<'RELAY_BUCKET'>) => ({
  relay: createRelayStore(createS3Client(), config.RELAY_BUCKET, {
    checksum: config.PART_CHECKSUM,
    stallMs: config.SOURCE_STALL_S * 1000,
  }),
  /** How long a copy is kept that nobody waits for any more. */
  keepMs: config.RELAY_KEEP_H * msPerHour,
});

/** For sources, and for the relay's objects. */
export const composeBudget = (config: Config) => ({
  sourceBudget: {
    retries: config.SOURCE_RETRIES,
    firstDelayMs: config.SOURCE_RETRY_DELAY_MS,
    // What must have come in a minute.
    forgottenAfter: Math.max(1, config.MINIMUM_RATE_KIB_S * 1024 * 60),
  },
});

/** Bytes for each step: Lambda tells its functions, a worker's container has a limit, or there is none. */
const memoryOf = ({
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: lambdaMiB,
  WORKER_CONCURRENCY: steps,
}: Config): number =>
  lambdaMiB === undefined
    ? (process.constrainedMemory() || Number.POSITIVE_INFINITY) / steps
    : lambdaMiB * MiB;

const composePartLimits = (config: Config): PartLimits => ({
  partSize: config.PART_SIZE_MIB * MiB,
  maxParts: config.MAX_PARTS,
  largestPart: largestPartIn(memoryOf(config)),
});

export const composeTransferLimits = (config: Config) => ({
  partLimits: composePartLimits(config),
  partsInFlight: config.PARTS_IN_FLIGHT,
  segmentLimits: { segmentSize: config.SEGMENT_SIZE_MIB * MiB, segmentsAtOnce: config.SEGMENTS_AT_ONCE },
  imageSizeCap: config.OS_DEFAULT__IMAGE_SIZE_CAP,
  ...composeBudget(config),
});
