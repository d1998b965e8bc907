import type { Copies } from '../../state/copies.ts';
import type { SegmentPlan, StoredPart } from '../../state/copy.ts';
import { segmentAt } from '../../transfer/segment-plan.ts';
import type { CopyRun } from './copy-run.ts';
import { bytesBefore, rowOf } from './rows.ts';

// How much of the work is stored when a run begins, in bytes. It grows from run to run, also where a row goes on to its next
// segment, or a copy to its proof; it falls where the store has lost something, or a proof begins again.

type Counted = Pick<CopyRun, 'subject' | 'ref'>;

/** What all these parts have together. */
export const bytesOf = (parts: ReadonlyMap<number, StoredPart>): number =>
  [...parts.values()].reduce((sum, { size }) => sum + size, 0);

/** Bytes of the image that are stored, and those that are verified. */
export const storedOfWhole = async (copies: Pick<Copies, 'parts'>, { subject }: Counted): Promise<number> =>
  bytesOf(await copies.parts(subject)) + (subject.verification?.offset ?? 0);

/** Bytes of the segments that a row has copied, and of the stored parts of its next one. */
export const storedOfRow = async (
  copies: Pick<Copies, 'parts'>,
  { subject, ref: { row } }: Counted,
  plan: SegmentPlan,
): Promise<number> => {
  const { next } = rowOf(subject, row);
  return bytesBefore(plan, row, next) + bytesOf(await copies.parts(subject, segmentAt(plan, next)));
};
