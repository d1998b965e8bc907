import { FerryError } from '../../errors.ts';
import type { SegmentPlan } from '../../state/copy.ts';
import { gapsIn } from '../../transfer/segment-plan.ts';
import type { CopiedObject } from '../object/prove.ts';
import type { CopyRun } from '../record/copy-run.ts';
import type { CopyServices } from '../record/services.ts';
import { completeUpload } from './complete-upload.ts';
import { copyRange } from './copy-range.ts';
import { uploadOf } from './copy-segment.ts';
import type { Source } from './open-source.ts';
import { createProgress } from './progress.ts';

/**
 * Copies the parts that the table does not know although their segments are copied: the store had lost them, or the
 * table their records.
 */
const fillGaps = async (
  services: CopyServices,
  run: CopyRun,
  { download }: Source,
  plan: SegmentPlan,
): Promise<void> => {
  const { subject, log } = run;
  const { size, partSize } = plan;
  const stored = await services.copies.parts(subject);
  for (const { from, to } of gapsIn(plan, stored)) {
    log.info('copying parts that are missing', { from, to });
    const range = { download, uploadId: uploadOf(subject), size, from, to, partSize, stored };
    await copyRange(
      services,
      run,
      range,
      createProgress(() => Promise.resolve()),
    );
  }
};

/** Makes one object of the segments of all rows. @returns undefined where parts are missing */
export const gather = async (
  services: CopyServices,
  run: CopyRun,
  plan: SegmentPlan,
): Promise<CopiedObject | undefined> => {
  const stored = await services.copies.parts(run.subject);
  if (gapsIn(plan, stored).length > 0) return undefined;
  const { size } = plan;
  await completeUpload(services, run, { uploadId: uploadOf(run.subject), size, parts: [...stored.values()] });
  return { size, digests: {} };
};

/** As gather, after what is missing was copied. @throws FerryError `unavailable` when parts were lost again meanwhile */
export const refill = async (
  services: CopyServices,
  run: CopyRun,
  from: Source,
  plan: SegmentPlan,
): Promise<CopiedObject> => {
  await fillGaps(services, run, from, plan);
  const gathered = await gather(services, run, plan);
  if (gathered) return gathered;
  throw new FerryError(
    'unavailable',
    `Failed to copy ${from.download.name}: parts that were stored are missing again`,
  );
};
