export const MiB = 1024 ** 2;
export const GiB = 1024 ** 3;

/** S3's limits: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const largestOfS3 = 5 * GiB;
/** Where no size is known beforehand: 10 000 parts of it hold 625 GiB, two buffers of it take 128 MiB. */
const partOfUnknownSize = 64 * MiB;

export interface PartLimits {
  /** Bytes that a part has at least, but for the last. */
  readonly partSize: number;
  /** Parts that the store takes per upload: 10 000 on S3, 1000 on Swift. */
  readonly maxParts: number;
  /** Bytes of the largest part that memory has room for; S3's limit when absent. */
  readonly largestPart?: number;
}

/** For Node, the bundle and the SDK beside a copy's parts: twice what they take (`npm run bench -- memory`). */
const besideParts = 256 * MiB;

/** The largest part of which two fit into a function's memory. @param memory bytes */
export const largestPartIn = (memory: number): number => Math.max(0, Math.floor((memory - besideParts) / 2));

export interface PartPlan {
  /** Bytes of every part but the last. */
  readonly partSize: number;
  /** Bytes that fit at most. */
  readonly capacity: number;
}

/** Whole MiB, so that part borders are easy to read in a log. */
const roundUp = (bytes: number): number => Math.ceil(bytes / MiB) * MiB;

/**
 * How an image is cut into parts.
 * @param size bytes, undefined when the source does not say
 * @throws RangeError, in numbers, when no plan within the limits can hold it
 */
export const planParts = (size: number | undefined, limits: PartLimits): PartPlan => {
  const { partSize, maxParts } = limits;
  // What is configured is the operator's own choice; what the image makes larger must fit.
  const room = Math.max(limits.largestPart ?? largestOfS3, partSize, partOfUnknownSize);
  const largestPart = Math.min(room, largestOfS3);
  const needed =
    size === undefined ? Math.max(partSize, partOfUnknownSize) : roundUp(Math.ceil(size / maxParts));
  const planned = Math.max(partSize, needed);
  const capacity = planned * maxParts;
  if (planned > largestPart || (size ?? 0) > capacity) {
    const parts = `${maxParts} parts of at most ${Math.floor(largestPart / MiB)} MiB`;
    throw new RangeError(`${size ?? 'unknown'} bytes do not fit into ${parts}`);
  }
  return { partSize: planned, capacity };
};

/**
 * How many parts a copy may have in memory: one that fills and so many on their way, of the configured size. Of larger
 * ones, which very large images need, and where memory has no room for all, fewer; two at least.
 * @param inFlight parts on their way at once
 */
export const buffersFor = (
  { partSize }: Pick<PartPlan, 'partSize'>,
  limits: Pick<PartLimits, 'partSize' | 'largestPart'>,
  inFlight: number,
): number => {
  const room = Math.min(
    (inFlight + 1) * limits.partSize,
    2 * (limits.largestPart ?? Number.POSITIVE_INFINITY),
  );
  return Math.max(2, Math.floor(room / partSize));
};

/** Number of parts of an image of this size. */
export const partCount = (size: number, { partSize }: PartPlan): number => Math.ceil(size / partSize);

/**
 * The byte from which a copy goes on: the end of the parts that are stored without a gap. The last part is always
 * read again, so that there is something to read.
 * @param stored bytes of the stored parts by number
 */
export const resumeOffset = (stored: ReadonlyMap<number, number>, size: number, plan: PartPlan): number => {
  const last = partCount(size, plan);
  let number = 1;
  while (number < last && stored.get(number) === plan.partSize) number += 1;
  return (number - 1) * plan.partSize;
};
