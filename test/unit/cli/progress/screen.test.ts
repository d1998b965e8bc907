import { expect, test } from 'vitest';
import { createScreen, quietMs } from '../../../../cli/progress/screen.ts';

const GiB = 1024 ** 3;
const esc = '\x1b';
const rows = [
  { region: 'REGION2', state: 'copying', doneBytes: GiB, totalBytes: 2 * GiB },
  { region: 'REGION3', state: 'queued' },
];

/** A terminal that keeps what is written to it. */
const terminal = (columns: number, lines = 24) => {
  const written: string[] = [];
  return { isTTY: true, columns, rows: lines, written, write: (text: string) => written.push(text) };
};

test('on a terminal the lines are written over', () => {
  const out = terminal(60);
  const screen = createScreen(out);
  screen.show(rows);
  screen.show(rows);
  expect(out.written[0]?.replaceAll(esc, '^')).toMatch(/^REGION2 .*\^\[K\nREGION3 {2}queued\^\[K\n\^\[J$/);
  expect(out.written[1]).toBe(`${esc}[2A\r${out.written[0]}`);
});

test('on one that has become narrower, lines that it has wrapped are several', () => {
  const out = terminal(80);
  const screen = createScreen(out);
  screen.show(rows);
  out.columns = 40;
  screen.show(rows);
  expect(out.written[1]?.startsWith(`${esc}[3A\r`)).toBe(true);
});

test('on one with fewer lines than there are regions, the rest is counted', () => {
  const out = terminal(60, 4);
  createScreen(out).show(Array.from({ length: 9 }, (_, n) => ({ region: `R${n}`, state: 'queued' })));
  expect(
    out.written[0]?.split('\n').map((line) => line.replaceAll(`${esc}[K`, '').replaceAll(`${esc}[J`, '')),
  ).toEqual([...['R0  queued', 'R1  queued', '… and 7 more', '']]);
});

test('without one there is a line every ten seconds at most, only of what is new, and without control characters', () => {
  const written: string[] = [];
  let nowMs = 0;
  const screen = createScreen({ write: (text) => written.push(text) }, () => nowMs);
  for (; nowMs <= 30_000; nowMs += 500)
    screen.show([
      { region: 'REGION2\x1b[2J', state: 'copying', doneBytes: nowMs * 100, totalBytes: 3_000_000 },
    ]);
  nowMs += quietMs;
  screen.show([{ region: 'REGION3', state: 'active' }]);
  nowMs += quietMs;
  screen.show([{ region: 'REGION3', state: 'active' }]);
  expect(written.map((line) => line.replace(/^REGION2\ufffd\[2J copying /, ''))).toEqual([
    '33 % of 2.9 MiB\n',
    '66 % of 2.9 MiB\n',
    '100 % of 2.9 MiB\n',
    'REGION3 active\n',
  ]);
});
