import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  buffersFor,
  GiB,
  largestPartIn,
  MiB,
  type PartPlan,
  partCount,
  planParts,
  resumeOffset,
} from '../../../lib/transfer/part-plan.ts';

const TiB = 1024 * GiB;

/** Bytes of part `number` (from 1) of an image of this size. */
const partLength = (number: number, size: number, { partSize }: PartPlan): number =>
  Math.max(0, Math.min(partSize, size - (number - 1) * partSize));

const s3 = { partSize: 16 * MiB, maxParts: 10_000 };
const swift = { partSize: 16 * MiB, maxParts: 1000 };

describe('an image', () => {
  test.each([
    ['nothing', 0, s3, 16 * MiB, 0],
    ['one byte', 1, s3, 16 * MiB, 1],
    ['one part', 16 * MiB, s3, 16 * MiB, 1],
    ['one byte more than a part', 16 * MiB + 1, s3, 16 * MiB, 2],
    ['as much as small parts hold', 160_000 * MiB, s3, 16 * MiB, 10_000],
    ['one byte more than that', 160_000 * MiB + 1, s3, 17 * MiB, 9412],
    ['a TiB', TiB, s3, 105 * MiB, 9987],
    ['as much as S3 takes', 10_000 * 5 * GiB, s3, 5 * GiB, 10_000],
    ['what is configured, whatever memory has room for', GiB, { ...s3, largestPart: 0 }, 16 * MiB, 64],
    ['200 GiB in a store that takes 1000 parts', 200 * GiB, swift, 205 * MiB, 1000],
    ['5 GiB in one part', 5 * GiB, { partSize: 5 * MiB, maxParts: 1 }, 5 * GiB, 1],
  ])('of %s is cut in whole MiB', (_, size, limits, partSize, count) => {
    const plan = planParts(size, limits);
    expect([plan.partSize, partCount(size, plan)]).toEqual([partSize, count]);
  });

  test.each([
    ['of more than S3 takes', 10_000 * 5 * GiB + 1, s3],
    ['whose parts would be too large', 5 * GiB + 1, { partSize: 5 * MiB, maxParts: 1 }],
    ['for which the setting is too large a part', 1, { partSize: 6 * GiB, maxParts: 10 }],
    ['whose parts memory has no room for', TiB, { ...swift, largestPart: largestPartIn(1769 * MiB) }],
  ])('%s is refused', (_, size, limits) => {
    expect(() => planParts(size, limits)).toThrow(RangeError);
  });

  test.each([
    [1769, 756],
    [512, 128],
    [256, 0],
    [128, 0],
  ])('two of its parts fit into a function of %i MiB: %i MiB each', (memory, part) => {
    expect(Math.floor(largestPartIn(memory * MiB) / MiB)).toBe(part);
  });

  test('that does not fit is refused in numbers', () => {
    const limits = { ...swift, largestPart: largestPartIn(1769 * MiB) };
    expect(planParts(738 * GiB, limits).partSize).toBe(756 * MiB);
    expect(() => planParts(739 * GiB, limits)).toThrow(
      `${739 * GiB} bytes do not fit into 1000 parts of at most 756 MiB`,
    );
  });

  test('of unknown size is cut so that much of it fits into little memory', () => {
    expect(planParts(undefined, s3)).toEqual({ partSize: 64 * MiB, capacity: 625 * GiB });
    expect(planParts(undefined, { ...s3, partSize: 128 * MiB }).partSize).toBe(128 * MiB);
  });
});

describe('for any size and any limits', () => {
  const limits = fc.record({
    partSize: fc.integer({ min: 5, max: 5120 }).map((mib) => mib * MiB),
    maxParts: fc.integer({ min: 1, max: 10_000 }),
  });
  const size = fc.oneof(
    fc.nat(10 * MiB),
    fc.maxSafeInteger().map((n) => Math.abs(n) % (5 * TiB + 1)),
    fc.tuple(fc.nat(10_000), fc.integer({ min: -1, max: 1 })).map(([n, d]) => Math.max(0, n * 16 * MiB + d)),
  );

  test('the parts lie side by side, cover the image exactly, and keep to the limits', () => {
    fc.assert(
      fc.property(size, limits, (bytes, { partSize, maxParts }) => {
        fc.pre(Math.max(partSize, Math.ceil(bytes / maxParts / MiB) * MiB) <= 5 * GiB && bytes <= 5 * TiB);
        const plan = planParts(bytes, { partSize, maxParts });
        const count = partCount(bytes, plan);
        const last = partLength(count, bytes, plan);
        expect(count).toBeLessThanOrEqual(maxParts);
        expect(plan.partSize).toBeGreaterThanOrEqual(partSize);
        expect(plan.partSize).toBeLessThanOrEqual(5 * GiB);
        expect(plan.partSize % MiB).toBe(0);
        expect(plan.capacity).toBeGreaterThanOrEqual(bytes);
        if (count > 0) {
          expect((count - 1) * plan.partSize + last).toBe(bytes);
          expect(last).toBeGreaterThan(0);
        }
        for (const number of [1, 2, count >> 1, count - 1].filter((n) => n > 0 && n < count))
          expect(partLength(number, bytes, plan)).toBe(plan.partSize);
        expect(partLength(count + 1, bytes, plan)).toBe(0);
      }),
      { numRuns: 3000 },
    );
  });

  test('an image grows its parts no more than it needs to', () => {
    fc.assert(
      fc.property(size, limits, (bytes, { partSize, maxParts }) => {
        fc.pre(Math.ceil(bytes / maxParts / MiB) * MiB <= 5 * GiB);
        const plan = planParts(bytes, { partSize, maxParts });
        if (plan.partSize > partSize) expect((plan.partSize - MiB) * maxParts).toBeLessThan(bytes);
      }),
    );
  });
});

describe('a copy goes on', () => {
  const plan = planParts(40 * MiB, s3); // parts of 16, 16 and 8 MiB

  test.each([
    ['at its first byte when nothing is stored', [], 0],
    ['at its first byte when the first part is missing', [2, 3], 0],
    ['behind the parts that are stored without a gap', [1], 16],
    ['before the first gap', [1, 3], 16],
    ['with the last part when all but that are stored', [1, 2], 32],
    ['with the last part when all are stored, so that there is something to read', [1, 2, 3], 32],
  ] as const)('%s', (_, numbers, mebibytes) => {
    const stored = new Map(numbers.map((number) => [number, partLength(number, 40 * MiB, plan)]));
    expect(resumeOffset(stored, 40 * MiB, plan)).toBe(mebibytes * MiB);
  });

  test('at its first byte when the parts have another size than planned', () => {
    expect(resumeOffset(new Map([[1, 8 * MiB]]), 40 * MiB, plan)).toBe(0);
  });

  test('for any image and any parts: at the border of a part, within the image, with nothing missing before', () => {
    const sizes = fc.integer({ min: 1, max: 5 * TiB });
    const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 50 }));
    fc.assert(
      fc.property(sizes, numbers, (size, stored) => {
        const anyPlan = planParts(size, s3);
        const lengths = new Map(stored.map((number) => [number, partLength(number, size, anyPlan)]));
        const offset = resumeOffset(lengths, size, anyPlan);
        expect(offset % anyPlan.partSize).toBe(0);
        expect(offset).toBeLessThan(size);
        for (let number = 1; number <= offset / anyPlan.partSize; number += 1)
          expect(lengths.get(number)).toBe(anyPlan.partSize);
      }),
    );
  });
});

describe('parts in memory', () => {
  const limits = { partSize: 16 * MiB };
  test.each([
    ['one that fills and those on their way', 16, 4, 5],
    ['fewer of larger ones, in the same room', 32, 4, 2],
    ['two of those that are too large for it', 525, 4, 2],
    ['two, if one may be on its way', 16, 1, 2],
  ])('are %s', (_what, partMiB, inFlight, buffers) => {
    expect(buffersFor({ partSize: partMiB * MiB }, limits, inFlight)).toBe(buffers);
  });

  test.each([
    [1769, 256, 8, 5],
    [1769, 16, 64, 65],
    [1769, 32, 64, 47],
    [512, 256, 8, 2],
  ])(
    'of %i MiB are no more of %i MiB than fit: of %i on their way, %i',
    (memory, partMiB, inFlight, buffers) => {
      const given = { partSize: partMiB * MiB, largestPart: largestPartIn(memory * MiB) };
      expect(buffersFor(given, given, inFlight)).toBe(buffers);
    },
  );
});
