import { expect, test } from 'vitest';
import type { Task } from './ferry.ts';
import { progressBars } from './progress-bars.ts';

const at = (message: string): Task => ({ id: '1', status: 'processing', message });
const quarter = at('Copied 64 MiB of 256 MiB');
const half = at('Copied 128 MiB of 256 MiB');

/** What is written of the same progress. */
function written(out: { readonly isTTY: boolean; readonly columns: number }): string[] {
  const texts: string[] = [];
  const write = (text: string | Uint8Array): boolean => texts.push(String(text)) > 0;
  const bars = progressBars({ ...out, write }, ['REGION2', 'R3']);
  bars.show('REGION2', quarter);
  bars.show('R3', quarter);
  bars.show('R3', quarter);
  bars.show('REGION2', half);
  return texts;
}
const [ten, twenty] = ['#'.repeat(10) + '-'.repeat(30), '#'.repeat(20) + '-'.repeat(20)];

test('in a file each change of a region is a line', () => {
  expect(written({ isTTY: false, columns: 0 })).toEqual([
    `REGION2  [${ten}] Copied 64 MiB of 256 MiB\n`,
    `R3       [${ten}] Copied 64 MiB of 256 MiB\n`,
    `REGION2  [${twenty}] Copied 128 MiB of 256 MiB\n`,
  ]);
});

const clear = '\x1b[K';
const up = '\x1b[2A';

test('on a terminal each region has a line, which is written over', () => {
  const r3 = `R3       [${ten}] Copied 64 MiB of 256 MiB`;
  expect(written({ isTTY: true, columns: 100 })).toEqual([
    `${clear}REGION2  [${ten}] Copied 64 MiB of 256 MiB\n${clear}R3       \n`,
    `${up}${clear}REGION2  [${ten}] Copied 64 MiB of 256 MiB\n${clear}${r3}\n`,
    `${up}${clear}REGION2  [${twenty}] Copied 128 MiB of 256 MiB\n${clear}${r3}\n`,
  ]);
});

test('a narrow terminal wraps no line', () => {
  const lines = written({ isTTY: true, columns: 20 }).flatMap((text) => text.split('\n'));
  const widths = lines.map((line) => line.replaceAll(clear, '').replaceAll(up, '').length);
  expect(Math.max(...widths)).toBe(19);
});
