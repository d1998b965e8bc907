import { claimLost, FerryError } from '../../errors.ts';
import type { Copy, SegmentPlan } from '../../state/copy.ts';
import { endOfStored, segmentAt } from '../../transfer/segment-plan.ts';
import type { CopyRun } from '../record/copy-run.ts';
import { rowAt, rowOf } from '../record/rows.ts';
import type { CopyServices } from '../record/services.ts';
import { copyRange } from './copy-range.ts';
import type { Source } from './open-source.ts';
import { createProgress } from './progress.ts';

/** The id of an upload that must be there. @throws FerryError `conflict` */
export const uploadOf = ({ copyId, uploadId }: Copy): string => {
  if (uploadId) return uploadId;
  throw new FerryError('conflict', `Copy ${copyId} has no upload to copy a segment into`);
};

/**
 * Copies the next segment of a row by a range of its source, from where its stored parts end. It may run twice or die
 * anywhere. Its bytes are proven when the object is finished.
 * @returns the copy as it is then
 * @throws FerryError `data-mismatch` when the source gives other bytes than it was asked for
 */
export const copySegment = async (
  services: CopyServices,
  run: CopyRun,
  { download }: Source,
  plan: SegmentPlan,
): Promise<Copy> => {
  const { copies } = services;
  const { subject, ref, attempt } = run;
  const { row } = ref;
  const number = rowOf(subject, row).next;
  const segment = segmentAt(plan, number);
  const stored = await copies.parts(subject, segment);
  const from = endOfStored(plan, segment, stored);
  run.log.info('copying a segment', { row, segment: number, from, to: segment.to });
  const save = (copiedTo: number) => copies.saveRow(ref, attempt, rowAt(plan, row, number, copiedTo));
  const report = async (copiedTo: number): Promise<void> => {
    // Its end is told once, when all is done.
    if (copiedTo < segment.to) await save(copiedTo);
  };
  const { size, partSize } = plan;
  const range = { download, uploadId: uploadOf(subject), size, from, to: segment.to, partSize, stored };
  if (from < segment.to) await copyRange(services, run, range, createProgress(report, from));
  const saved = await save(segment.to);
  if (!saved) throw claimLost();
  return saved;
};
