import type { Download } from '../download/download.ts';
import { startReading } from '../download/reading.ts';
import { FerryError } from '../errors.ts';
import { type Copied, copyStream, type StoredPart } from '../transfer/copy.ts';
import { buffersFor } from '../transfer/part-plan.ts';
import { endOfStored, type Segment, type SegmentPlan, segmentAt } from '../transfer/segment-plan.ts';
import { type CopyServices, mismatch, requireIdentity } from './copy-source.ts';
import { createProgress } from './progress.ts';
import type { StepRun } from './run-step.ts';
import type { SegmentRecords } from './segment-records.ts';
import { objectKey } from './task.ts';

export interface SegmentServices extends CopyServices {
  readonly segments: SegmentRecords;
}

interface SegmentCopy {
  readonly download: Download;
  readonly plan: SegmentPlan;
  readonly segment: Segment;
  readonly stored: ReadonlyMap<number, StoredPart>;
}

const copyRange = async (
  services: SegmentServices,
  { task, claim, signal }: StepRun,
  copy: SegmentCopy,
  offset: number,
): Promise<Copied> => {
  const { tasks, relay, segments, partLimits, partsInFlight } = services;
  const { plan, segment, stored, download } = copy;
  const { uploadId } = task;
  if (!uploadId) throw new FerryError('conflict', `Task ${task.id} has no upload to copy a segment into`);
  const upload = { key: objectKey(task), uploadId };
  const progress = createProgress((copied) => segments.report(claim, copied), offset - segment.from);
  const range = { size: plan.size, offset, end: segment.to };
  const reading = await startReading(download, { ...range, budget: services.sourceBudget, signal });
  try {
    return await copyStream({
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
        progress.report(copiedTo - segment.from);
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
  const copy = { download, plan, segment, stored };
  const offset = endOfStored(plan, segment, stored);
  log.info('copying a segment', { segment: number, from: offset, to: segment.to });
  if (offset < segment.to) {
    const { size } = await copyRange(services, run, copy, offset);
    if (size !== segment.to) throw mismatch(download, `segment ${number} ends at ${size}, not ${segment.to}`);
  }
  if (await services.segments.finish(claim, segment.to - segment.from)) return;
  throw new FerryError('claim-lost', `Segment ${number} belongs to another attempt`);
};
