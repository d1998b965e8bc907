import type { Out } from './out.ts';
import { inOneLine, type Row, render } from './render.ts';
import { widthOf } from './width.ts';

/** Where progress is shown. */
export interface Screen {
  show(rows: readonly Row[]): void;
  /** Nothing is shown afterwards; what was, stays. */
  end(): void;
}

/** ms between lines where there is no terminal: a log is read by people, later. */
export const quietMs = 10_000;
const narrowest = 20;

/**
 * Lines that are written over and over, on a terminal. log-update does the same, and needs Node 22.
 * The terminal may have become narrower since: lines that it has wrapped are several to go up.
 */
const onTerminal = (out: Out): Screen => {
  let drawn: readonly string[] = [];
  const columnsOf = () => Math.max(narrowest, out.columns ?? 80);
  const isFitting = (rows: number) => Math.max(1, (out.rows ?? 25) - 1) >= rows;
  return {
    show: (rows) => {
      const columns = columnsOf();
      const up = drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)), 0);
      // The last column is left free: some terminals break the line there.
      const lines = render(rows, columns - 1);
      const most = Math.max(1, (out.rows ?? 25) - 1);
      const fitting = isFitting(lines.length)
        ? lines
        : [...lines.slice(0, most - 1), `… and ${lines.length - most + 1} more`];
      const back = up > 0 ? `\x1b[${up}A\r` : '';
      out.write(`${back}${fitting.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J`);
      drawn = fitting;
    },
    end: () => {
      drawn = [];
    },
  };
};

const inLog = (out: Out, nowMs: () => number): Screen => {
  let [lastMs, last] = [nowMs(), ''];
  return {
    show: (rows) => {
      const line = inOneLine(rows);
      if (line === last || nowMs() - lastMs < quietMs) return;
      [lastMs, last] = [nowMs(), line];
      out.write(`${line}\n`);
    },
    end: () => undefined,
  };
};

/** @param out stderr */
export const createScreen = (out: Out, nowMs: () => number = Date.now): Screen =>
  out.isTTY ? onTerminal(out) : inLog(out, nowMs);
