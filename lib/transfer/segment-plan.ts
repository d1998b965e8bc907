import type { SegmentPlan } from '../state/copy.ts';
import { type PartPlan, partCount } from './part-plan.ts';

/** A run of consecutive parts that one invocation copies. */
export interface Segment {
  /** From 1. */
  readonly number: number;
  /** Number of its first part. */
  readonly firstPart: number;
  /** Number of its last part. */
  readonly lastPart: number;
  /** Its bytes in the image: from, and up to but without. */
  readonly from: number;
  readonly to: number;
}

export interface SegmentLimits {
  /** Bytes above which an image is cut, and that a segment has at most, but for rounding to whole parts. */
  readonly segmentSize: number;
  /** Segments of one import that are copied at a time: what its source is asked to bear. */
  readonly segmentsAtOnce: number;
}

/**
 * Cuts an image into segments of whole parts. Their number is a multiple of those at work at once where the parts
 * allow it, so that all end at about the same time.
 * @returns undefined for an image that is copied in one ordered stream
 */
export const planSegments = (
  size: number,
  plan: PartPlan,
  { segmentSize, segmentsAtOnce }: SegmentLimits,
): SegmentPlan | undefined => {
  const all = partCount(size, plan);
  if (size <= segmentSize || segmentsAtOnce < 2 || all < 2) return undefined;
  const turns = Math.ceil(size / segmentSize / segmentsAtOnce);
  const parts = Math.ceil(all / Math.min(all, turns * segmentsAtOnce));
  const count = Math.ceil(all / parts);
  return { size, partSize: plan.partSize, parts, count, atOnce: Math.min(segmentsAtOnce, count) };
};

/** @throws RangeError when the plan has no such segment */
export const segmentAt = ({ size, partSize, parts, count }: SegmentPlan, number: number): Segment => {
  if (number < 1 || number > count) throw new RangeError(`There is no segment ${number} of ${count}`);
  const from = (number - 1) * parts * partSize;
  const to = Math.min(size, from + parts * partSize);
  const firstPart = (number - 1) * parts + 1;
  return { number, firstPart, lastPart: firstPart + Math.ceil((to - from) / partSize) - 1, from, to };
};

/**
 * The byte from which the copy of a segment goes on: where its stored parts end without a gap.
 * @param stored by number; each is whole, or it would not be stored
 */
export const endOfStored = (
  { partSize }: SegmentPlan,
  { firstPart, to }: Segment,
  stored: { has(number: number): boolean },
): number => {
  let number = firstPart;
  while (stored.has(number)) number += 1;
  return Math.min(to, (number - 1) * partSize);
};

/**
 * The bytes between stored parts, in whole parts.
 * @param stored by number; each is whole, or it would not be stored
 */
export const gapsIn = (
  plan: SegmentPlan,
  stored: { has(number: number): boolean },
): readonly Pick<Segment, 'from' | 'to'>[] => {
  const { size, partSize } = plan;
  const gaps: { readonly from: number; readonly to: number }[] = [];
  for (let number = 1; (number - 1) * partSize < size; number += 1) {
    if (stored.has(number)) continue;
    const [from, to] = [(number - 1) * partSize, Math.min(size, number * partSize)];
    const last = gaps.at(-1);
    if (last?.to === from) gaps[gaps.length - 1] = { from: last.from, to };
    else gaps.push({ from, to });
  }
  return gaps;
};
