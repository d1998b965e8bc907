import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesText, speedText, timeText } from '../../../../cli/progress/amounts.ts';
import { bytesPerSecond, metered, newMeter } from '../../../../cli/progress/meter.ts';
import { inOneLine, type Row, render } from '../../../../cli/progress/render.ts';
import { cut, fill, printable, widthOf } from '../../../../cli/progress/width.ts';
import { anyText } from '../../any-text.ts';

const [MiB, GiB] = [1024 ** 2, 1024 ** 3];

describe('the width of a text', () => {
  test.each([
    ['', 0],
    ['REGION2', 7],
    ['Süd West', 8],
    ['日本', 4],
    ['e\u0301', 1],
    ['👍', 2],
    ['👩‍👩‍👧', 2],
    ['한국', 4],
    ['ｆｕｌｌ', 8],
  ])('%j is %i columns', (text, columns) => {
    expect(widthOf(text)).toBe(columns);
  });

  test('what a terminal would obey is not printed', () => {
    expect(printable('a\x1b[31mb\r\nc\u2028d\u202e')).toBe('a\ufffd[31mb\ufffd\ufffdc\ufffdd\ufffd');
  });

  test('a cut text has room, a filled one fills it', () => {
    const texts = fc.string({ unit: 'grapheme', maxLength: 40 }).map(printable);
    fc.assert(
      fc.property(texts, fc.nat(60), (text, room) => {
        expect(widthOf(cut(text, room))).toBeLessThanOrEqual(room);
        expect(widthOf(fill(text, room))).toBe(room);
        expect(widthOf(fill(text, room, 'end'))).toBe(room);
      }),
    );
  });
});

const amount = fc.oneof(fc.nat(5000), fc.double({ min: 0, max: 1e15, noNaN: true }));
const row = fc.record(
  {
    region: fc.string({ unit: 'grapheme', maxLength: 60 }),
    state: fc.constantFrom('queued', 'copying', 'active', 'failed', 'an odd state, \n a long one'),
    doneBytes: amount,
    totalBytes: amount,
    bytesPerSecond: amount,
    note: anyText({ maxLength: 200 }),
  },
  { requiredKeys: ['region', 'state'] },
) as fc.Arbitrary<Row>;

test('a line for each region, none wider than the room there is, and nothing that a terminal would obey', () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 8 }), fc.integer({ min: 1, max: 200 }), (rows, width) => {
      const lines = render(rows, width);
      expect(lines).toHaveLength(rows.length);
      for (const line of lines) {
        expect(widthOf(line)).toBeLessThanOrEqual(width);
        expect(printable(line)).toBe(line);
      }
      expect(printable(inOneLine(rows))).toBe(inOneLine(rows));
    }),
  );
});

test('regions stand below each other, whatever their names are', () => {
  const rows: Row[] = [
    {
      region: 'REGION2',
      state: 'copying',
      doneBytes: 860 * MiB,
      totalBytes: 2 * GiB,
      bytesPerSecond: 48 * MiB,
    },
    { region: '日本', state: 'queued' },
    { region: 'Süd West', state: 'active', doneBytes: 2 * GiB, totalBytes: 2 * GiB },
    { region: 'NORTH', state: 'failed', note: 'Request Entity Too Large' },
  ];
  expect(render(rows, 79)).toEqual([
    'REGION2   [##########...............]  41 %     48 MiB/s     0:25  copying',
    '日本      queued',
    'Süd West  [#########################] 100 %                        active',
    'NORTH     failed: Request Entity Too Large',
  ]);
  expect(render(rows, 50)).toEqual([
    'REGION2   [#######...........]  41 %  copying',
    '日本      queued',
    'Süd West  [##################] 100 %  active',
    'NORTH     failed: Request Entity Too Large',
  ]);
  expect(render(rows, 24)).toEqual([
    'REGION2   41 %  copying',
    '日本      queued',
    'Süd West  100 %  active',
    'NORTH     failed: Reque…',
  ]);
  expect(inOneLine(rows)).toBe(
    'REGION2 copying 41 % of 2 GiB, 48 MiB/s, 0:25 left; 日本 queued; ' +
      'Süd West active 100 % of 2 GiB; NORTH failed: Request Entity Too Large',
  );
});

test('amounts are short and never of four digits', () => {
  expect([0, 1, 999, 1000, 1023, 1024, 1536, 99.96 * MiB, 1023 * MiB, 5e15].map(bytesText)).toEqual([
    ...['0 B', '1 B', '999 B', '1 KiB', '1 KiB', '1 KiB', '1.5 KiB', '100 MiB', '1 GiB', '4.4 PiB'],
  ]);
  expect(speedText(1.25 * GiB)).toBe('1.3 GiB/s');
  fc.assert(fc.property(fc.nat(2 ** 31), (bytes) => bytesText(bytes).length <= 8));
});

test('times are as people say them', () => {
  expect([0, 7.4, 65, 725, 3599, 3600, 11_100, 172_800, 1e6].map(timeText)).toEqual([
    ...['0:00', '0:07', '1:05', '12:05', '59:59', '1 h 00', '3 h 05', '2 d 0 h', '11 d 13 h'],
  ]);
});

describe('speed', () => {
  const meterOf = (...bytes: readonly number[]) =>
    bytes.reduce((meter, value, second) => metered(meter, { atMs: second * 1000, bytes: value }), newMeter);

  test('is what the last half minute has brought', () => {
    expect(bytesPerSecond(meterOf(0))).toBeUndefined();
    expect(bytesPerSecond(meterOf(0, 5, 10))).toBe(5);
    expect(
      bytesPerSecond(meterOf(...Array(60).fill(0), ...Array.from({ length: 31 }, (_, n) => n * 3))),
    ).toBe(3);
  });

  test('begins anew with what begins anew', () => {
    expect(bytesPerSecond(meterOf(100, 200, 0))).toBeUndefined();
    expect(bytesPerSecond(meterOf(100, 200, 0, 7))).toBe(7);
  });
});
