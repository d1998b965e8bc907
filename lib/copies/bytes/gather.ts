import type { SegmentPlan, StoredPart } from '../../state/copy.ts';
import { gapsIn } from '../../transfer/segment-plan.ts';
import type { CopiedObject } from '../object/prove.ts';
import type { CopyRun } from '../record/copy-run.ts';
import { createProgress } from '../record/progress.ts';
import type { CopyServices } from '../record/services.ts';
import { completeUpload } from './complete-upload.ts';
import { copyRange } from './copy-range.ts';
import { uploadOf } from './copy-segment.ts';
import type { Source } from './open-source.ts';

/**
 * Copies the parts that the table does not know although their segments are copied: the store had lost them, or the
 * table their records.
 * @returns all parts of the image
 */
const fillGaps = async (
  services: CopyServices,
  run: CopyRun,
  { download }: Source,
  plan: SegmentPlan,
): Promise<readonly StoredPart[]> => {
  const { subject, log } = run;
  const { size, partSize } = plan;
  const stored = await services.copies.parts(subject);
  const gaps = gapsIn(plan, stored);
  if (gaps.length === 0) return [...stored.values()];
  for (const { from, to } of gaps) {
    log.info('copying parts that are missing', { from, to });
    const range = { download, uploadId: uploadOf(subject), size, from, to, partSize, stored };
    await copyRange(
      services,
      run,
      range,
      createProgress(() => Promise.resolve()),
    );
  }
  return [...(await services.copies.parts(subject)).values()];
};

/** Makes one object of the segments of all rows. Parts that the store has lost are copied once more. */
export const gather = async (
  services: CopyServices,
  run: CopyRun,
  source: Source,
  plan: SegmentPlan,
): Promise<CopiedObject> => {
  const parts = await fillGaps(services, run, source, plan);
  await completeUpload(services, run, { uploadId: uploadOf(run.subject), size: plan.size, parts });
  return { size: plan.size, digests: {} };
};
