import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  areRowsDone,
  bytesBefore,
  copiedBytes,
  isRowDone,
  messagesToBegin,
  messagesToGoOn,
  rowAt,
  rowNumbers,
  rowOf,
} from '../../../../lib/copies/record/rows.ts';
import type { Copy, RowState, SegmentPlan } from '../../../../lib/state/copy.ts';
import { planSegments, segmentAt } from '../../../../lib/transfer/segment-plan.ts';
import { newCopy } from '../../../contract/state/fixtures.ts';

/** Any plan that planSegments makes: bytes of the image, of a part, of a segment; rows. */
const plans = fc
  .record({
    size: fc.integer({ min: 2, max: 3_000 }),
    partSize: fc.integer({ min: 1, max: 100 }),
    segmentSize: fc.integer({ min: 1, max: 500 }),
    segmentsAtOnce: fc.integer({ min: 2, max: 12 }),
  })
  .map(({ size, partSize, ...limits }) =>
    planSegments(size, { partSize, capacity: 10_000 * partSize }, limits),
  )
  .filter((plan): plan is SegmentPlan => plan !== undefined);

/** The segments that a row copies, one after the other, until it says that it is done. */
const segmentsOf = (plan: SegmentPlan, row: number): readonly number[] => {
  const numbers: number[] = [];
  for (let state = rowOf({ rows: new Map() }, row); !isRowDone(state, plan); ) {
    if (numbers.includes(state.next)) throw new Error(`row ${row} comes to segment ${state.next} again`);
    numbers.push(state.next);
    state = rowAt(plan, row, state.next, segmentAt(plan, state.next).to);
  }
  return numbers;
};

const copyOf = (more: Partial<Copy> = {}): Copy => ({
  ...newCopy(),
  createdAt: '',
  updatedAt: '',
  waiting: [],
  rows: new Map(),
  ...more,
});

/** Rows in any state: none, on their way, or done. */
const rowsOf = (plan: SegmentPlan, fills: readonly number[]): ReadonlyMap<number, RowState> => {
  const states = rowNumbers(plan).flatMap((row, index) => {
    const copied = segmentsOf(plan, row).slice(0, fills[index] ?? 0);
    const last = copied.at(-1);
    return last === undefined ? [] : [[row, rowAt(plan, row, last, segmentAt(plan, last).to)] as const];
  });
  return new Map(states);
};
const fills = fc.array(fc.nat(20), { minLength: 12, maxLength: 12 });

test('every segment is in exactly one row, and no row has more than one at a time', () => {
  const property = fc.property(plans, (plan) => {
    const rows = rowNumbers(plan);
    expect(rows).toHaveLength(plan.atOnce);
    const all = rows.flatMap((row) => segmentsOf(plan, row));
    expect(all.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: plan.count }, (_, index) => index + 1),
    );
  });
  fc.assert(property);
});

describe('how far a row is', () => {
  test('grows with each byte, from nothing to all that the row has', () => {
    const property = fc.property(plans, fc.nat(11), (plan, pick) => {
      const row = (pick % plan.atOnce) + 1;
      const before: number[] = [0];
      for (const number of segmentsOf(plan, row)) {
        const { from, to } = segmentAt(plan, number);
        expect(bytesBefore(plan, row, number)).toBe(before.at(-1));
        for (const copiedTo of new Set([from, Math.floor((from + to) / 2), to])) {
          const { next, copied } = rowAt(plan, row, number, copiedTo);
          expect(copied).toBe(bytesBefore(plan, row, number) + copiedTo - from);
          expect(next).toBe(copiedTo < to ? number : number + plan.atOnce);
          before.push(copied);
        }
      }
      expect(before).toEqual(before.toSorted((a, b) => a - b));
    });
    fc.assert(property);
  });

  test('sums up to the image when all rows are done, and to less before', () => {
    const property = fc.property(plans, fills, (plan, fill) => {
      const rows = rowsOf(plan, fill);
      const copied = copiedBytes({ rows, plan });
      expect(copied).toBeLessThanOrEqual(plan.size);
      expect(areRowsDone({ rows }, plan)).toBe(copied === plan.size);
    });
    fc.assert(property);
    const all = fc.property(plans, (plan) => {
      const rows = rowsOf(
        plan,
        Array.from({ length: 12 }, () => 10_000),
      );
      expect(copiedBytes({ rows, plan })).toBe(plan.size);
      expect(areRowsDone({ rows }, plan)).toBe(true);
    });
    fc.assert(all);
  });

  test('of a copy in one stream is what the stream has told', () => {
    expect(copiedBytes({ rows: new Map(), copied: 7 })).toBe(7);
    expect(copiedBytes({ rows: new Map() })).toBe(0);
  });
});

describe('messages', () => {
  test('begin the rows that nobody has begun, those for which there is something left go on', () => {
    const property = fc.property(plans, fills, (plan, fill) => {
      const copy = copyOf({ plan, rows: rowsOf(plan, fill) });
      const { copyId, rows } = copy;
      const begun = messagesToBegin(copy, plan);
      expect(begun).toEqual(rowNumbers(plan).flatMap((row) => (rows.has(row) ? [] : [{ copyId, row }])));
      const left = rowNumbers(plan).filter((row) => !isRowDone(rowOf(copy, row), plan));
      const going = left.length === 0 ? [{ copyId }] : left.map((row) => ({ copyId, row }));
      expect(messagesToGoOn(copy)).toEqual(going);
      for (const message of begun) expect(going).toContainEqual(message);
    });
    fc.assert(property);
  });

  test('of a copy without rows, or past them, are one for the whole', () => {
    const plan: SegmentPlan = { size: 10, partSize: 5, parts: 1, count: 2, atOnce: 2 };
    const [stream, object] = [copyOf(), copyOf({ plan, stored: { size: 10 } })];
    expect(messagesToGoOn(stream)).toEqual([{ copyId: stream.copyId }]);
    expect(messagesToGoOn(object)).toEqual([{ copyId: object.copyId }]);
  });
});
