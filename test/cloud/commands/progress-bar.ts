import type { Task } from './ferry.ts';

const width = 40;

/** `[######----]  128 of 256 MiB`, or the task's own words. */
export function barOf({ status, message }: Task): string {
  const [, done, all] = /(\d+) MiB of (\d+) MiB/.exec(message) ?? [];
  if (done === undefined || all === undefined) return `${status}  ${message}`.trim();
  const filled = Math.min(width, Math.round((width * Number(done)) / Math.max(1, Number(all))));
  return `[${'#'.repeat(filled)}${'-'.repeat(width - filled)}] ${message}`;
}

/** On a terminal one line that changes, elsewhere a line for each change. */
export function progressBar(out: NodeJS.WriteStream) {
  let shown = '';
  return {
    show(task: Task): void {
      const bar = barOf(task);
      if (bar === shown) return;
      shown = bar;
      out.write(out.isTTY ? `\r\x1b[K${bar}` : `${bar}\n`);
    },
    end: (): void => void (out.isTTY && out.write('\n')),
  };
}
