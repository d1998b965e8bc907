import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ByteRange } from './glance/range.ts';
import { timesRead } from './times-read.ts';

/** An image of a few bytes and ranges within it, empty ones and the whole of it among them. */
const reads = fc.nat(40).chain((size) =>
  fc.record({
    size: fc.constant(size),
    ranges: fc.array(
      fc.tuple(fc.nat(size), fc.nat(size)).map(([one, other]): ByteRange => {
        return { start: Math.min(one, other), end: Math.max(one, other) };
      }),
    ),
  }),
);

describe('how often the bytes of an image were read', () => {
  test('is what counting byte for byte finds', () => {
    fc.assert(
      fc.property(reads, ({ size, ranges }) => {
        const counts = Array.from(
          { length: size },
          (_, at) => ranges.filter(({ start, end }) => start <= at && at < end).length,
        );
        expect(timesRead(ranges, size)).toEqual({
          min: size === 0 ? 0 : Math.min(...counts),
          max: Math.max(0, ...counts),
          total: counts.reduce((sum, count) => sum + count, 0),
        });
      }),
    );
  });

  test('is once where the ranges tile it, in any order, and twice when all is read again', () => {
    const tiles = [
      { start: 7, end: 10 },
      { start: 0, end: 4 },
      { start: 4, end: 7 },
    ];
    expect(timesRead(tiles, 10)).toEqual({ min: 1, max: 1, total: 10 });
    expect(timesRead([...tiles, { start: 0, end: 10 }], 10)).toEqual({ min: 2, max: 2, total: 20 });
  });

  test('is 0 at least where a byte is missing, whatever was read twice', () => {
    const twice = { start: 0, end: 9 };
    expect(timesRead([twice, twice], 10)).toEqual({ min: 0, max: 2, total: 18 });
    expect(timesRead([{ start: 1, end: 10 }], 10)).toEqual({ min: 0, max: 1, total: 9 });
    expect(timesRead([], 10)).toEqual({ min: 0, max: 0, total: 0 });
  });

  test.each([
    { start: -1, end: 5 },
    { start: 5, end: 11 },
    { start: 5, end: 4 },
  ])('cannot be told of a range from $start to $end of 10 bytes', (range) => {
    expect(() => timesRead([range], 10)).toThrow(RangeError);
  });
});
