import type { Task } from './ferry.ts';

const width = 40;
type Out = Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'write'>;

/** `[######----]  128 of 256 MiB`, or the task's own words. */
export function barOf({ status, message }: Task): string {
  const [, done, all] = /(\d+) MiB of (\d+) MiB/.exec(message) ?? [];
  if (done === undefined || all === undefined) return `${status}  ${message}`.trim();
  const filled = Math.min(width, Math.round((width * Number(done)) / Math.max(1, Number(all))));
  return `[${'#'.repeat(filled)}${'-'.repeat(width - filled)}] ${message}`;
}

/**
 * A bar for each region: on a terminal as many lines, which change; elsewhere a line for each change.
 * @param regions in the order of the lines
 */
export function progressBars(out: Out, regions: readonly string[]) {
  const nameWidth = Math.max(...regions.map((region) => region.length));
  const bars = new Map<string, string>();
  const lineOf = (region: string): string => `${region.padEnd(nameWidth)}  ${bars.get(region) ?? ''}`;
  let drawn = 0;

  function draw(): void {
    // A line that is wrapped would be two of those to go up.
    const lines = regions.map((region) => `\x1b[K${lineOf(region).slice(0, out.columns - 1)}\n`);
    const up = drawn > 0 ? `\x1b[${drawn}A` : '';
    out.write(`${up}${lines.join('')}`);
    drawn = lines.length;
  }

  return {
    show(region: string, task: Task): void {
      const bar = barOf(task);
      if (bar === bars.get(region)) return;
      bars.set(region, bar);
      if (out.isTTY) draw();
      else out.write(`${lineOf(region)}\n`);
    },
  };
}
