import { describe, expect, test } from 'vitest';
import { retained } from '../../../../lib/replication/plan/region/retention.ts';
import type { Retention } from '../../../../lib/replication/policy/policy.ts';

const at = (text: string): number => Date.parse(text);
const now = at('2026-11-26T12:00:00Z');

/** Made at these times: their ids. */
const kept = (times: readonly string[], retention: Retention): readonly string[] => {
  const ids = retained(
    times.map((text) => ({ id: text, ms: at(text) })),
    retention,
    now,
  );
  return times.filter((text) => ids.has(text));
};

const daily = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, day) => new Date(now - day * 86_400_000).toISOString());

describe('retention keeps', () => {
  test('the newest, whatever it says', () => {
    expect(kept(['2020-01-01T00:00:00Z', '2020-01-02T00:00:00Z'], { days: 1 })).toEqual([
      '2020-01-02T00:00:00Z',
    ]);
    expect(kept([], { last: 3 })).toEqual([]);
  });

  test('the newest three with `last: 3`', () => {
    const times = daily(5);
    expect(kept(times, { last: 3 })).toEqual(times.slice(0, 3));
  });

  test('those of the last so many days, to the millisecond', () => {
    const times = ['2026-11-26T11:00:00Z', '2026-11-24T12:00:00.001Z', '2026-11-24T12:00:00Z'];
    expect(kept(times, { days: 2 })).toEqual(times.slice(0, 2));
  });

  test('the newest of each day that has one, days in UTC', () => {
    expect(
      kept(['2026-11-26T10:00:00Z', '2026-11-26T00:00:00Z', '2026-11-25T23:59:59Z', '2026-11-20T01:00:00Z'], {
        daily: 3,
      }),
    ).toEqual(['2026-11-26T10:00:00Z', '2026-11-25T23:59:59Z', '2026-11-20T01:00:00Z']);
  });

  test('the newest of each week, from Monday on, over a new year as well', () => {
    expect(
      kept(['2026-01-05T00:00:00Z', '2026-01-04T23:59:59Z', '2025-12-29T00:00:00Z', '2025-12-28T23:59:59Z'], {
        weekly: 3,
      }),
    ).toEqual(['2026-01-05T00:00:00Z', '2026-01-04T23:59:59Z', '2025-12-28T23:59:59Z']);
  });

  test('the newest of each month and year', () => {
    const times = [
      '2026-11-26T00:00:00Z',
      '2026-11-01T00:00:00Z',
      '2026-10-31T00:00:00Z',
      '2025-11-26T00:00:00Z',
    ];
    expect(kept(times, { monthly: 2 })).toEqual([times[0], times[2]]);
    expect(kept(times, { yearly: 2 })).toEqual([times[0], times[3]]);
    expect(kept(times, { yearly: 2, monthly: 2 })).toEqual([times[0], times[2], times[3]]);
  });

  test('grandfather, father and son over a year of daily ones', () => {
    const days = daily(365);
    expect(kept(days, { daily: 7, weekly: 4, monthly: 12 }).map((text) => text.slice(0, 10))).toEqual([
      ...['2026-11-26', '2026-11-25', '2026-11-24', '2026-11-23', '2026-11-22', '2026-11-21', '2026-11-20'],
      ...['2026-11-15', '2026-11-08', '2026-10-31', '2026-09-30', '2026-08-31', '2026-07-31', '2026-06-30'],
      ...['2026-05-31', '2026-04-30', '2026-03-31', '2026-02-28', '2026-01-31', '2025-12-31'],
    ]);
  });

  test('one of two that were made at the same moment, and always the same', () => {
    const twins = [
      { id: 'b', ms: now },
      { id: 'a', ms: now },
    ];
    expect([...retained(twins, { last: 1 }, now)]).toEqual(['a']);
    expect([...retained(twins.toReversed(), { last: 1 }, now)]).toEqual(['a']);
  });
});
