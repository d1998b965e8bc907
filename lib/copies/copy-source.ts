import type { RelayStore } from '../aws/relay-store.ts';
import type { Download, SourceDescription } from '../download/download.ts';
import { type Reading, type RetryBudget, startReading } from '../download/reading.ts';
import { FerryError } from '../errors.ts';
import { isKnownAlgorithm, lengthsOf } from '../transfer/algorithms.ts';
import { type Copied, copyStream } from '../transfer/copy.ts';
import { buffersFor, type PartLimits, type PartPlan, planParts } from '../transfer/part-plan.ts';
import { completeCopy } from './complete-copy.ts';
import { beginAt, type EarlierParts, earlierParts } from './earlier-parts.ts';
import { createProgress, type Progress, progressMessage } from './progress.ts';
import type { StepRun } from '../steps/run-step.ts';
import { strongestHash } from './source-hash.ts';
import { objectKey } from '../imports/record/task.ts';
import type { Tasks } from '../imports/record/tasks.ts';

export interface CopyServices {
  readonly tasks: Tasks;
  readonly relay: RelayStore;
  readonly partLimits: PartLimits;
  readonly partsInFlight: number;
  /** Bytes; Glance's image_size_cap. */
  readonly imageSizeCap: number;
  readonly sourceBudget: RetryBudget;
}

/** Glance's default `hashing_algorithm`: what the target will most likely be compared by. */
export const targetAlgorithm = 'sha512';

/**
 * How an image is cut into parts.
 * @throws FerryError `limit-exceeded`
 */
export const planFor = (
  size: number | undefined,
  { partLimits, imageSizeCap }: Pick<CopyServices, 'partLimits' | 'imageSizeCap'>,
): PartPlan => {
  try {
    if ((size ?? 0) <= imageSizeCap) return planParts(size, partLimits);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'no plan';
    const ways =
      'More memory makes room for larger parts; a store that takes more of them needs MAX_PARTS told';
    throw new FerryError('limit-exceeded', `The image is too large for the relay: ${reason}. ${ways}`, {
      cause,
    });
  }
  throw new FerryError(
    'limit-exceeded',
    `The image's ${size} bytes exceed image_size_cap, ${imageSizeCap} bytes`,
  );
};

export const mismatch = (download: Download, reason: string): FerryError =>
  new FerryError('data-mismatch', `Failed to copy ${download.name}: ${reason}`);

/** @throws FerryError `data-mismatch` when the source's record is not what it was when the copy began */
export const requireIdentity = (
  download: Download,
  { identity }: SourceDescription,
  pinned: string | undefined,
): void => {
  if (identity !== pinned) throw mismatch(download, 'the source changed while it was copied');
};

/**
 * The digest against the source's record; the reading has held the size against it. Where no digest was taken, the
 * record must not have changed.
 */
const verify = async (download: Download, source: SourceDescription, copied: Copied, run: StepRun) => {
  const hash = strongestHash(source);
  const digest = hash && copied.digests[hash.algorithm];
  if (hash && digest && digest !== hash.value) {
    throw mismatch(
      download,
      `the bytes have ${hash.algorithm} ${digest}, the source's record says ${hash.value}`,
    );
  }
  if (!digest) requireIdentity(download, await download.describe(run), source.identity);
};

interface Source {
  readonly download: Download;
  readonly source: SourceDescription;
}

/** What a finished copy left: an object of this size, and its digests if it was read in one go. */
export interface CopiedObject {
  /** Bytes. */
  readonly size: number;
  /** Hex by hashlib name, held against the source's; none of a copy that went on where an earlier one had ended. */
  readonly digests: Readonly<Record<string, string>>;
}

const copyReading = async (
  services: CopyServices,
  run: StepRun,
  { download, source }: Source,
  { uploadId, stored }: EarlierParts,
  reading: Reading,
  progress: Progress,
): Promise<CopiedObject> => {
  const { tasks, relay, partLimits, partsInFlight, imageSizeCap } = services;
  const { task, signal } = run;
  const { size, startsAt } = reading;
  const { partSize, capacity } = planFor(size, services);
  const most = Math.min(size ?? capacity, imageSizeCap);
  const upload = { key: objectKey(task), uploadId };
  const hash = strongestHash(source);
  const inFlight = hash && isKnownAlgorithm(hash.algorithm) ? [hash] : [];

  const copied = await copyStream({
    source: reading,
    offset: startsAt,
    partSize,
    buffers: buffersFor({ partSize }, partLimits, partsInFlight),
    algorithms: [...inFlight.map(({ algorithm }) => algorithm), targetAlgorithm],
    lengths: lengthsOf(inFlight),
    partAlgorithm: relay.partAlgorithm,
    stored,
    send: (part) => relay.uploadPart({ ...upload, ...part }, { signal }),
    checkpoint: async (part, copiedBytes) => {
      if (stored.get(part.number) !== part) await tasks.savePart(task, part);
      progress.report(copiedBytes);
    },
    inspect: (read) => {
      if (read > most) throw mismatch(download, `more than ${most} bytes came`);
    },
  });
  await verify(download, source, copied, run);
  // S3 has no multipart upload of nothing.
  if (copied.size === 0) await relay.abortUpload(upload.key, uploadId, { signal });
  else await completeCopy(services, run, { uploadId, ...copied });
  return { size: copied.size, digests: copied.digests };
};

/**
 * Copies a source into the relay store, in one ordered stream. Size and hash are proven before the object comes into
 * being. After a break it goes on where the stored parts end; a source without ranges is read and hashed from its
 * first byte, but what is stored is not sent again.
 * @throws FerryError `data-mismatch` when the bytes are not the source's; what source, store or stream throw
 */
export const copySource = async (
  services: CopyServices,
  run: StepRun,
  from: Source,
): Promise<CopiedObject> => {
  const { task } = run;
  const { size } = from.source;
  const plan = planFor(size, services);
  const earlier = await earlierParts(services, run, from.source);
  await run.begin(earlier.stored.size);
  const offset = beginAt(earlier, from.source, plan);
  const options = { size, offset, budget: services.sourceBudget, signal: run.signal };
  const storedBytes = [...earlier.stored.values()].reduce((sum, part) => sum + part.size, 0);
  const progress = createProgress(
    (copied) => services.tasks.update(task, { message: progressMessage(copied, size) }),
    storedBytes,
  );
  const reading = await startReading(from.download, options);
  try {
    return await copyReading(services, run, from, earlier, reading, progress);
  } finally {
    reading.close();
    await progress.stop();
  }
};
