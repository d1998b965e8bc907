import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isRowDone, rowAt, rowNumbers, rowOf } from '../../../lib/copies/record/rows.ts';
import type { SegmentPlan } from '../../../lib/state/copy.ts';
import { MiB, type PartLimits, planParts } from '../../../lib/transfer/part-plan.ts';
import { gapsIn, planSegments, segmentAt } from '../../../lib/transfer/segment-plan.ts';

const TiB = 1024 ** 4;
const partLimits = fc.record({
  partSize: fc.integer({ min: 5, max: 512 }).map((mib) => mib * MiB),
  maxParts: fc.constantFrom(100, 1000, 10_000),
});
const limits = fc.record({
  segmentSize: fc.integer({ min: 5, max: 8192 }).map((mib) => mib * MiB),
  segmentsAtOnce: fc.integer({ min: 1, max: 64 }),
});
const sizes = fc.oneof(
  fc.integer({ min: 1, max: 64 * MiB }),
  fc.maxSafeInteger().map((n) => 1 + (Math.abs(n) % (5 * TiB))),
);

const capacityOf = ({ partSize, maxParts }: PartLimits) => Math.max(partSize, 5 * 1024 * MiB) * maxParts;
const planned = (size: number, parts: PartLimits, cut: { segmentSize: number; segmentsAtOnce: number }) =>
  planSegments(size, planParts(size, parts), cut);

const all = (plan: SegmentPlan) =>
  Array.from({ length: plan.count }, (_, index) => segmentAt(plan, index + 1));

/** Every plan that cuts, for any size and limits. */
const plans = fc
  .record({ size: sizes, parts: partLimits, cut: limits })
  .filter(({ size, parts }) => size <= capacityOf(parts))
  .map(({ size, parts, cut }) => ({ size, cut, plan: planned(size, parts, cut) }))
  .filter(
    (one): one is typeof one & { plan: SegmentPlan } => one.plan !== undefined && one.plan.count <= 2000,
  );

describe('an image that is cut', () => {
  test('is tiled exactly by its segments, and they by whole parts', () => {
    fc.assert(
      fc.property(plans, ({ size, plan }) => {
        const segments = all(plan);
        const borders = segments.flatMap(({ from, to }) => [from, to]);
        const inner = borders.slice(1, -1);
        expect([borders[0], borders.at(-1)]).toEqual([0, size]);
        expect(inner.every((byte, index) => byte === inner[index - (index % 2)])).toBe(true);
        expect(segments.every(({ from, to }) => from < to && from % plan.partSize === 0)).toBe(true);
        const parts = segments.map((one) => [
          one.firstPart,
          one.lastPart,
          Math.ceil((one.to - one.from) / plan.partSize),
        ]);
        expect(parts.every(([first = 0, last = 0, count]) => last - first + 1 === count)).toBe(true);
        expect(parts.every(([first], index) => first === 1 + (parts[index - 1]?.[1] ?? 0))).toBe(true);
        expect(parts.at(-1)?.[1]).toBe(Math.ceil(size / plan.partSize));
      }),
      { numRuns: 3000 },
    );
  });

  test('has segments no larger than asked, but for rounding to whole parts', () => {
    fc.assert(
      fc.property(plans, ({ cut, plan }) => {
        const { from, to } = segmentAt(plan, 1);
        expect(to - from).toBeLessThan(cut.segmentSize + plan.partSize);
      }),
      { numRuns: 2000 },
    );
  });

  test('is copied whole and never twice by its rows', () => {
    fc.assert(
      fc.property(plans, ({ plan }) => {
        const copied: number[] = [];
        for (const row of rowNumbers(plan)) {
          let state = rowOf({ rows: new Map() }, row);
          while (!isRowDone(state, plan)) {
            copied.push(state.next);
            state = rowAt(plan, row, state.next, segmentAt(plan, state.next).to);
          }
        }
        expect(copied.sort((a, b) => a - b)).toEqual(all(plan).map(({ number }) => number));
        expect(plan.atOnce).toBeLessThanOrEqual(64);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('the cut', () => {
  const parts = { partSize: 16 * MiB, maxParts: 10_000 };
  const cut = (size: number, segmentSize: number, segmentsAtOnce: number) => {
    const plan = planned(size, parts, { segmentSize, segmentsAtOnce });
    return plan && { count: plan.count, atOnce: plan.atOnce, parts: plan.parts };
  };

  test.each([
    ['up to the size of a segment is none', 4096 * MiB, 4096 * MiB, 4, undefined],
    ['of an import that may have one at a time is none', 9000 * MiB, 4096 * MiB, 1, undefined],
    ['of a byte more keeps all at work', 4096 * MiB + 1, 4096 * MiB, 4, { count: 4, atOnce: 4, parts: 65 }],
    ['ends for all at the same time', 9000 * MiB, 4096 * MiB, 4, { count: 4, atOnce: 4, parts: 141 }],
    [
      'makes several turns of a large one',
      100 * 1024 * MiB,
      4096 * MiB,
      4,
      { count: 28, atOnce: 4, parts: 229 },
    ],
    ['is never finer than parts', 48 * MiB, 16 * MiB, 8, { count: 3, atOnce: 3, parts: 1 }],
  ] as const)('%s', (_what, size, segmentSize, atOnce, expected) => {
    expect(cut(size, segmentSize, atOnce)).toEqual(expected);
  });

  test('has no segment 0, and none after its last', () => {
    const plan = planned(64 * MiB, parts, { segmentSize: 16 * MiB, segmentsAtOnce: 2 });
    if (!plan) expect.fail('it is not cut');
    expect(() => segmentAt(plan, 0)).toThrow(RangeError);
    expect(() => segmentAt(plan, plan.count + 1)).toThrow('There is no segment 5 of 4');
  });
});

test('the gaps between stored parts tile the image with them, and no two lie side by side', () => {
  const missing = fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 60 });
  const cut = fc.record({ size: fc.integer({ min: 300, max: 600 }), missing });
  fc.assert(
    fc.property(cut, ({ size, missing }) => {
      const plan = { size, partSize: 10, parts: 3, count: Math.ceil(size / 30), atOnce: 2 };
      const stored = new Set(
        Array.from({ length: Math.ceil(size / 10) }, (_, index) => index + 1).filter(
          (number) => !missing.includes(number),
        ),
      );
      const gaps = gapsIn(plan, stored);
      const bytes = gaps.reduce((sum, { from, to }) => sum + to - from, 0);
      const storedBytes = [...stored].reduce(
        (sum, number) => sum + Math.min(size, number * 10) - (number - 1) * 10,
        0,
      );
      expect(bytes + storedBytes).toBe(size);
      for (const [index, { from, to }] of gaps.entries()) {
        expect(from % 10).toBe(0);
        expect(stored.has(from / 10 + 1)).toBe(false);
        expect(to).toBeLessThan(gaps[index + 1]?.from ?? Number.POSITIVE_INFINITY);
      }
    }),
  );
});
