import { describe, expect, test } from 'vitest';
import { drawChart, roundUp } from '../../load/chart.ts';
import { growthOf } from '../../load/growth.ts';

const tolerance = { percent: 10, atLeast: 3 };
const hundred = (value: (index: number) => number) => Array.from({ length: 100 }, (_, index) => value(index));

describe('growth over a soak', () => {
  test.each([
    ['nothing that changes', (): number => 40, true],
    ['what comes and goes', (index: number) => 40 + (index % 10) * 5, true],
    ['what fills at first', (index: number) => Math.min(200, index * 10), true],
    ['a single peak', (index: number) => (index === 90 ? 500 : 40), true],
    ['a little of little', (index: number) => 2 + index / 40, true],
    ['a leak', (index: number) => 40 + index, false],
    ['a slow leak of much', (index: number) => 1000 + index * 3, false],
  ])('%s', (_, value, isFlat) => {
    expect(growthOf(hundred(value), tolerance).isFlat).toBe(isFlat);
  });
});

describe('the chart', () => {
  test('has a line for each series, within its strip, and no text that is markup', () => {
    const minutes = [0, 10, 20];
    const lines = [
      { name: 'a < b', values: [0, 50, 100] },
      { name: 'c', values: [1, 1, 1] },
    ];
    const svg = drawChart({ title: 'R & D', minutes, strips: [{ name: 'MiB', lines }] });
    expect(svg.match(/<polyline/g)).toHaveLength(2);
    expect(svg).toContain('points="56.0,130.0 382.0,95.0 708.0,60.0"');
    expect(svg).toContain('a &lt; b');
    expect(svg).toContain('R &amp; D');
  });

  test.each([
    [0, 1],
    [1, 1],
    [7, 10],
    [11, 20],
    [21, 50],
    [180, 200],
    [512, 1000],
  ])('an axis for %d ends at %d', (value, end) => {
    expect(roundUp(value)).toBe(end);
  });
});
