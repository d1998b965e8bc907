import type { SegmentPlan } from '../../state/copy.ts';
import { isResumable } from '../../transfer/resumable-digest.ts';
import { planSegments } from '../../transfer/segment-plan.ts';
import type { CopyRun } from '../record/copy-run.ts';
import type { CopyServices } from '../record/services.ts';
import { hashToRead } from '../record/source-hash.ts';
import type { Source } from './open-source.ts';
import { planPartsOf } from './plan-parts.ts';

/**
 * How an image is to be cut, or undefined where one ordered stream copies it: a small one, one whose bytes nothing
 * vouches for, a source without ranges, and a copy that has begun as one stream.
 */
export const planRows = async (
  services: CopyServices,
  { subject, signal }: CopyRun,
  { download, source }: Source,
): Promise<SegmentPlan | undefined> => {
  const { size, hashes } = source;
  if (size === undefined || !source.isResumable) return undefined;
  // An upload without parts is of a split that died between its two writes, or of a stream that has stored nothing.
  if (subject.uploadId && (await services.copies.parts(subject)).size > 0) return undefined;
  // The object of the segments is proven by reading it, in as many runs as that takes.
  const hash = hashToRead(source);
  if (hashes.length > 0 && !(hash && isResumable(hash.algorithm))) return undefined;
  const plan = planSegments(size, planPartsOf(size, services), services.segmentLimits);
  return plan && (await download.probeRanges({ size, signal })) ? plan : undefined;
};
