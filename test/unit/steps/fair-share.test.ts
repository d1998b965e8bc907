import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Seat, Waiting } from '../../../lib/state/seats.ts';
import { allowance, freeSeats, staysFirst, waitS } from '../../../lib/steps/fair-share.ts';

const seatsOf = (projectId: string, count: number): readonly Seat[] =>
  Array.from({ length: count }, (_, number) => ({ projectId, number }));
const asks = (projectId: string, work = 'w', sinceMs = 0): Waiting => ({ projectId, work, sinceMs });

describe('what a project may have at work', () => {
  test.each([
    // others, concurrency, percent, allowance
    [0, 10, 50, 5],
    [3, 10, 50, 4],
    [9, 10, 50, 1],
    [10, 10, 50, 1],
    [0, 3, 50, 2],
    [0, 1, 50, 1],
    [0, 40, 80, 32],
    [4, 10, 100, 6],
    [60, 10, 50, 1],
  ])('beside %d others of %d at a time is, at %d %, %d', (others, concurrency, percent, expected) => {
    expect(allowance(others, { concurrency, percent })).toBe(expected);
  });
});

/** Every project takes seats, one after another in any order, until none may any more. */
const fill = (projects: readonly number[], concurrency: number, percent: number): readonly Seat[] => {
  const seats: Seat[] = [];
  const take = (project: number): boolean => {
    const projectId = `p${project}`;
    const [number] = freeSeats(asks(projectId), seats, undefined, { concurrency, percent });
    if (number !== undefined) seats.push({ projectId, number });
    return number !== undefined;
  };
  while (projects.map(take).some(Boolean));
  return seats;
};

const percents = fc.integer({ min: 1, max: 99 });
const concurrencies = fc.integer({ min: 2, max: 200 });

describe('a flood', () => {
  test('leaves something free for another project, as long as there are fewer floods than steps at a time', () => {
    const property = fc.property(
      concurrencies,
      fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 30 }),
      (concurrency, order) => {
        const floods = new Set(order).size;
        const taken = fill(order, concurrency, 50).length;
        if (floods < Math.log2(concurrency)) expect(taken).toBeLessThan(concurrency);
      },
    );
    fc.assert(property);
  });

  test('never gets more than its share, and never less than one', () => {
    const property = fc.property(concurrencies, percents, fc.nat(250), (concurrency, percent, others) => {
      const most = allowance(others, { concurrency, percent });
      const seats = [...seatsOf('others', others), ...seatsOf('p', most)];
      expect(most).toBeGreaterThanOrEqual(1);
      expect(most).toBeLessThanOrEqual(Math.max(1, concurrency - others));
      expect(freeSeats(asks('p'), seats, undefined, { concurrency, percent })).toEqual([]);
      expect(freeSeats(asks('p'), seats.slice(0, -1), undefined, { concurrency, percent })).toHaveLength(1);
    });
    fc.assert(property);
  });

  test('holds up no project that has nothing at work, whatever else is', () => {
    const property = fc.property(concurrencies, percents, fc.nat(300), (concurrency, percent, others) => {
      const free = freeSeats(asks('p'), seatsOf('flood', others), undefined, { concurrency, percent });
      expect(free.length).toBeGreaterThan(0);
    });
    fc.assert(property);
  });
});

describe('within a project', () => {
  const share = { concurrency: 10, percent: 50 };
  const fourAtWork = seatsOf('p', 4);

  const [old, young] = [0, 10_001]; // ms
  const oldWaits = asks('p', 'old', old);

  test('the last seat is kept for the work that waits longest', () => {
    expect(freeSeats(asks('p', 'young', young), fourAtWork, oldWaits, share)).toEqual([]);
    expect(freeSeats(oldWaits, fourAtWork, oldWaits, share)).toEqual([4]);
  });

  test('what is older than the one that waits goes before it', () => {
    expect(freeSeats(asks('p', 'oldest', old), fourAtWork, asks('p', 'w', young), share)).toEqual([4]);
  });

  test('what came within ten seconds takes the seats that it finds', () => {
    expect(freeSeats(asks('p', 'young', young - 1), fourAtWork, oldWaits, share)).toEqual([4]);
  });

  test('what waits leaves the other seats to those that come', () => {
    expect(freeSeats(asks('p', 'young', young), seatsOf('p', 3), oldWaits, share)).toEqual([3, 4]);
  });

  test('the first of a project is the oldest that has to wait, and who asks again renews its place', () => {
    const waits = asks('p', 'w', young);
    expect(staysFirst(waits, asks('p', 'oldest', old))).toBe(false);
    expect(staysFirst(waits, asks('p', 'younger', young + 1))).toBe(true);
    expect(staysFirst(waits, asks('p', 'of the same age', young))).toBe(true);
    expect(staysFirst(waits, waits)).toBe(false);
  });

  test('a seat that was left in the middle is taken again', () => {
    const [first, , third] = seatsOf('p', 3);
    const seats = [first, third].filter((seat) => seat !== undefined);
    expect(freeSeats(asks('p'), seats, undefined, share)).toEqual([1, 3, 4]);
  });
});

describe('who has to wait', () => {
  test('asks again after a second as the first, and at most after 90 otherwise', () => {
    const property = fc.property(
      fc.nat(10_000),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (waits, random) => {
        expect(waitS(waits, true, random)).toBe(1);
        expect(waitS(waits, false, random)).toBeGreaterThanOrEqual(2.5);
        expect(waitS(waits, false, random)).toBeLessThanOrEqual(90);
      },
    );
    fc.assert(property);
  });

  test('asks the less often the longer it has waited', () => {
    const delays = [0, 1, 2, 5, 10, 100].map((waits) => waitS(waits, false, 0.5));
    expect(delays).toEqual(delays.toSorted((a, b) => a - b));
    expect(delays[0]).toBe(5);
    expect(delays.at(-1)).toBe(60);
  });
});
