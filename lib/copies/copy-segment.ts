import type { Download } from '../download/download.ts';
import { startReading } from '../download/reading.ts';
import { FerryError } from '../errors.ts';
import { copyStream, type StoredPart } from '../transfer/copy.ts';
import { buffersFor } from '../transfer/part-plan.ts';
import { endOfStored, gapsIn, type Segment, type SegmentPlan, segmentAt } from '../transfer/segment-plan.ts';
import { type CopyServices, requireIdentity } from './copy-source.ts';
import { createProgress, type Progress, progressMessage } from './progress.ts';
import type { StepRun } from '../steps/run-step.ts';
import type { SegmentRecords } from './segment-records.ts';
import { objectKey } from '../imports/record/task.ts';

export interface SegmentServices extends CopyServices {
  readonly segments: SegmentRecords;
}

interface RangeCopy {
  readonly download: Download;
  readonly plan: SegmentPlan;
  /** What of the image is to be copied. */
  readonly range: Pick<Segment, 'from' | 'to'>;
  readonly stored: ReadonlyMap<number, StoredPart>;
}

/** Parts of a planned import, from the first one's first byte to the last one's last, into its upload. */
const copyRange = async (
  services: CopyServices,
  { task, signal }: StepRun,
  copy: RangeCopy,
  progress: Progress,
): Promise<void> => {
  const { tasks, relay, partLimits, partsInFlight } = services;
  const { plan, range, stored, download } = copy;
  const { uploadId } = task;
  if (!uploadId) throw new FerryError('conflict', `Task ${task.id} has no upload to copy a segment into`);
  const upload = { key: objectKey(task), uploadId };
  const offset = range.from;
  const asked = { size: plan.size, offset, end: range.to };
  const reading = await startReading(download, { ...asked, budget: services.sourceBudget, signal });
  try {
    await copyStream({
      source: reading,
      offset,
      partSize: plan.partSize,
      buffers: buffersFor(plan, partLimits, partsInFlight),
      algorithms: [],
      partAlgorithm: relay.partAlgorithm,
      stored,
      send: (part) => relay.uploadPart({ ...upload, ...part }, { signal }),
      checkpoint: async (part, copiedTo) => {
        if (stored.get(part.number) !== part) await tasks.savePart(task, part);
        progress.report(copiedTo);
      },
    });
  } finally {
    reading.close();
    await progress.stop();
  }
};

/**
 * Copies one segment of a planned import by a range of its source, from where its stored parts end. It may run twice
 * or die anywhere. Its bytes are proven when the object is finished.
 * @throws FerryError `data-mismatch` when the source has changed or gives other bytes than it was asked for
 */
export const copySegment = async (
  services: SegmentServices,
  run: StepRun,
  {
    download,
    plan,
    number,
  }: { readonly download: Download; readonly plan: SegmentPlan; readonly number: number },
): Promise<void> => {
  const { task, claim, log } = run;
  const segment = segmentAt(plan, number);
  const stored = await services.tasks.parts(task, segment);
  await run.begin(stored.size);
  requireIdentity(download, await download.describe(run), task.sourceIdentity);
  const offset = endOfStored(plan, segment, stored);
  log.info('copying a segment', { segment: number, from: offset, to: segment.to });
  const copy = { download, plan, range: { from: offset, to: segment.to }, stored };
  const report = (copiedTo: number) => services.segments.report(claim, copiedTo - segment.from);
  if (offset < segment.to) await copyRange(services, run, copy, createProgress(report, offset));
  if (await services.segments.finish(claim, segment.to - segment.from)) return;
  throw new FerryError('claim-lost', `Segment ${number} belongs to another attempt`);
};

/**
 * Copies the parts that the table does not know although their segments are copied: the store had lost them, or the
 * table their records.
 * @returns all parts of the image
 */
export const fillGaps = async (
  services: CopyServices,
  run: StepRun,
  { download, plan }: Pick<RangeCopy, 'download' | 'plan'>,
): Promise<readonly StoredPart[]> => {
  const { tasks } = services;
  const { task, log } = run;
  const report = (copiedTo: number) => tasks.update(task, { message: progressMessage(copiedTo, plan.size) });
  const stored = await tasks.parts(task);
  const gaps = gapsIn(plan, stored);
  if (gaps.length === 0) return [...stored.values()];
  await run.begin(stored.size);
  for (const range of gaps) {
    log.info('copying parts that are missing', { from: range.from, to: range.to });
    await copyRange(services, run, { download, plan, range, stored }, createProgress(report, range.from));
  }
  return [...(await tasks.parts(task)).values()];
};
