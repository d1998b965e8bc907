import type { Copy, RowState, SegmentPlan } from '../../state/copy.ts';
import type { CopyMessage } from '../../state/messages.ts';
import { segmentAt } from '../../transfer/segment-plan.ts';

// How the segments of a copy form rows: row r copies r, r + atOnce, r + 2 × atOnce, … one after the other. So never more
// than `atOnce` are at work for one copy, and no lock counts them.

/** A row that nobody has begun is at its first segment. */
export const rowOf = ({ rows }: Pick<Copy, 'rows'>, row: number): RowState =>
  rows.get(row) ?? { next: row, copied: 0 };

/** Whether all segments of a row are copied. */
export const isRowDone = ({ next }: RowState, { count }: SegmentPlan): boolean => next > count;

/**
 * The plan by which a row is copied; undefined for one that its copy is past, or that is of an earlier making, which may have
 * had more rows.
 */
export const planOfRow = ({ plan, stored, transferred }: Copy, row: number): SegmentPlan | undefined =>
  plan && row <= plan.atOnce && !stored && !transferred ? plan : undefined;

/** The numbers of a plan's rows. */
export const rowNumbers = ({ atOnce }: Pick<SegmentPlan, 'atOnce'>): readonly number[] =>
  Array.from({ length: atOnce }, (_, index) => index + 1);

/** Whether every row has come to its end. */
export const areRowsDone = (copy: Pick<Copy, 'rows'>, plan: SegmentPlan): boolean =>
  rowNumbers(plan).every((row) => isRowDone(rowOf(copy, row), plan));

/** Bytes of a row before one of its segments. */
export const bytesBefore = (plan: SegmentPlan, row: number, next: number): number => {
  let bytes = 0;
  for (let number = row; number < next && number <= plan.count; number += plan.atOnce) {
    const { from, to } = segmentAt(plan, number);
    bytes += to - from;
  }
  return bytes;
};

/** A row's state when one of its segments has been copied up to a byte of the image. */
export const rowAt = (plan: SegmentPlan, row: number, number: number, copiedTo: number): RowState => {
  const { from, to } = segmentAt(plan, number);
  const isDone = copiedTo >= to;
  return {
    next: isDone ? number + plan.atOnce : number,
    copied: bytesBefore(plan, row, number) + Math.max(0, copiedTo - from),
  };
};

/** Bytes that the store has of a copy, whichever way it is made. */
export const copiedBytes = ({ rows, copied = 0, plan }: Pick<Copy, 'rows' | 'copied' | 'plan'>): number =>
  plan ? [...rows.values()].reduce((sum, row) => sum + row.copied, 0) : copied;

/**
 * A message for each row that has stored nothing yet. That it was begun tells little: a message of before the copy began
 * anew may have found no plan, and have left no more than its trace. One that is at work keeps others away.
 */
export const messagesToBegin = (copy: Copy, plan: SegmentPlan): readonly CopyMessage[] =>
  rowNumbers(plan)
    .filter((row) => rowOf(copy, row).next === row && rowOf(copy, row).copied === 0)
    .map((row) => ({ copyId: copy.copyId, row }));

/** What a copy needs to go on whose messages are lost: one for each row that has something left, or for the whole. */
export const messagesToGoOn = (copy: Copy): readonly CopyMessage[] => {
  const { copyId, plan, stored } = copy;
  if (!plan || stored || areRowsDone(copy, plan)) return [{ copyId }];
  return rowNumbers(plan)
    .filter((row) => !isRowDone(rowOf(copy, row), plan))
    .map((row) => ({ copyId, row }));
};
