import type { RelayStore } from '../aws/relay-store.ts';
import type { Download, SourceDescription } from '../download/download.ts';
import { type Reading, type RetryBudget, startReading } from '../download/reading.ts';
import { FerryError } from '../errors.ts';
import { type Copied, copyStream } from '../transfer/copy.ts';
import { isKnownAlgorithm } from '../transfer/digest.ts';
import { MiB, type PartLimits, type PartPlan, planParts } from '../transfer/part-plan.ts';
import { beginAt, type EarlierParts, earlierParts } from './earlier-parts.ts';
import type { StepRun } from './run-step.ts';
import { objectKey, type Task, type Transferred } from './task.ts';
import type { Tasks } from './tasks.ts';

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
const targetAlgorithm = 'sha512';

const inMiB = (bytes: number): string => `${Math.floor(bytes / MiB)} MiB`;

/** What the task list shows, in Glance's words for the part that Glance has. */
export const progressMessage = (copied: number, size: number | undefined): string =>
  size === undefined ? `Copied ${inMiB(copied)}` : `Copied ${inMiB(copied)} of ${inMiB(size)}`;

/**
 * Progress for the task list. It never runs backwards: one write at a time, and none while an earlier try's parts are
 * read again.
 */
const createProgress = (
  tasks: Tasks,
  task: Task,
  { size, storedBytes }: { readonly size: number | undefined; readonly storedBytes: number },
) => {
  let writing = false;
  return async (copiedBytes: number): Promise<void> => {
    if (writing || copiedBytes <= storedBytes) return;
    writing = true;
    await tasks.update(task, { message: progressMessage(copiedBytes, size) }).finally(() => {
      writing = false;
    });
  };
};

const planFor = (size: number | undefined, { partLimits, imageSizeCap }: CopyServices): PartPlan => {
  try {
    if ((size ?? 0) <= imageSizeCap) return planParts(size, partLimits);
  } catch (cause) {
    throw new FerryError('limit-exceeded', `The image is too large for the relay store: ${size} bytes`, {
      cause,
    });
  }
  throw new FerryError(
    'limit-exceeded',
    `The image's ${size} bytes exceed image_size_cap, ${imageSizeCap} bytes`,
  );
};

const mismatch = (download: Download, reason: string): FerryError =>
  new FerryError('data-mismatch', `Failed to copy ${download.name}: ${reason}`);

/**
 * Size and digest against the source's record. A copy that went on from an earlier one's parts has no digest of its
 * own: it is proven when the object is read, at the activation. Without a hash, the record must not have changed.
 */
const verify = async (download: Download, source: SourceDescription, copied: Copied, { signal }: StepRun) => {
  const { size, hash } = source;
  if (size !== undefined && copied.size !== size)
    throw mismatch(download, `got ${copied.size} bytes instead of ${size}`);
  const digest = hash && copied.digests[hash.algorithm];
  if (hash && digest && digest !== hash.value) {
    throw mismatch(
      download,
      `the bytes have ${hash.algorithm} ${digest}, the source's record says ${hash.value}`,
    );
  }
  if (!digest && (await download.describe({ signal })).identity !== source.identity) {
    throw mismatch(download, 'the source changed while it was copied');
  }
};

interface Source {
  readonly download: Download;
  readonly source: SourceDescription;
}

const copyReading = async (
  services: CopyServices,
  run: StepRun,
  { download, source }: Source,
  { uploadId, stored }: EarlierParts,
  { size, startsAt, stream }: Reading,
): Promise<Transferred> => {
  const { tasks, relay, partsInFlight, imageSizeCap } = services;
  const { task, signal } = run;
  const { partSize, capacity } = planFor(size, services);
  const most = Math.min(size ?? capacity, imageSizeCap);
  const upload = { key: objectKey(task), uploadId };
  const known = source.hash && isKnownAlgorithm(source.hash.algorithm) ? [source.hash.algorithm] : [];
  const storedBytes = [...stored.values()].reduce((sum, part) => sum + part.size, 0);
  const report = createProgress(tasks, task, { size, storedBytes });

  const copied = await copyStream({
    source: stream,
    offset: startsAt,
    partSize,
    inFlight: partsInFlight,
    algorithms: [...known, targetAlgorithm],
    stored,
    send: (part) => relay.uploadPart({ ...upload, ...part }, { signal }),
    checkpoint: async (part, copiedBytes) => {
      if (stored.get(part.number) !== part) await tasks.savePart(task, part);
      await report(copiedBytes);
    },
    inspect: (read) => {
      if (read > most) throw mismatch(download, `more than ${most} bytes came`);
    },
    signal,
  });
  await verify(download, source, copied, run);
  await relay.completeUpload({ ...upload, size: copied.size, parts: copied.parts }, { signal });
  const declared = source.hash && known.length > 0 ? { [source.hash.algorithm]: source.hash.value } : {};
  return { size: copied.size, digests: startsAt === 0 ? copied.digests : declared };
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
): Promise<Transferred> => {
  const { size } = from.source;
  const plan = planFor(size, services);
  const earlier = await earlierParts(services, run, from.source);
  const offset = beginAt(earlier, from.source, plan);
  const options = { size, offset, budget: services.sourceBudget, signal: run.signal };
  const reading = await startReading(from.download, options);
  try {
    return await copyReading(services, run, from, earlier, reading);
  } finally {
    reading.stream.destroy();
  }
};
