import type { ByteRange } from './glance/range.ts';

/** How often the bytes of an image were read. */
export interface TimesRead {
  /** Of the byte that was read most seldom; 0 where one was not read at all. */
  readonly min: number;
  /** Of the byte that was read most often. */
  readonly max: number;
  /** Bytes, each counted as often as it was read. */
  readonly total: number;
}

/** A GET of the first byte alone, which moves nothing: whether there are ranges, and whether one may have the data at all. */
export const isProbe = ({ start, end }: ByteRange): boolean => start === 0 && end === 1;

/**
 * How often each byte from 0 to `size` lies in one of the ranges: `min` and `max` are 1 where all was read, and nothing twice.
 * @param ranges of a Glance's dataReads: `asked` for what it was asked for, `given` for what it has sent
 * @throws RangeError for a range that is not within the image
 */
export function timesRead(ranges: readonly ByteRange[], size: number): TimesRead {
  /** By how much the number of ranges over a byte differs from that over the byte before it. */
  const steps = new Map<number, number>([[0, 0]]);
  const step = (at: number, by: number): void => void steps.set(at, (steps.get(at) ?? 0) + by);
  for (const { start, end } of ranges) {
    if (!(0 <= start && start <= end && end <= size))
      throw new RangeError(`[${start}, ${end}) is not within an image of ${size} bytes`);
    step(start, 1);
    step(end, -1);
  }
  let depth = 0;
  const depths = [...steps]
    .filter(([at]) => at < size)
    .sort(([left], [right]) => left - right)
    .map(([, by]) => {
      depth += by;
      return depth;
    });
  if (depths.length === 0) return { min: 0, max: 0, total: 0 };
  const total = ranges.reduce((sum, { start, end }) => sum + end - start, 0);
  return { min: Math.min(...depths), max: Math.max(...depths), total };
}
