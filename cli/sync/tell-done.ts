import type { Result } from '../../lib/replication/apply/result.ts';
import type { Inventory } from '../../lib/replication/plan/change.ts';
import { reportOf } from '../../lib/replication/sync/report.ts';
import { type ExitCode, exitCodeOf } from '../call/exit-codes.ts';
import type { Io } from '../call/io.ts';
import type { CommonOptions } from '../call/options.ts';
import { bytesText } from '../progress/amounts.ts';
import { table } from '../progress/table.ts';

/** What was done, region by region; and one by one what was not. */
export const tellDone = (
  { stdout, stderr }: Io,
  { json = false }: CommonOptions,
  results: readonly Result[],
  { failed, targets }: Inventory,
): ExitCode => {
  const reports = reportOf(results, failed);
  const undone = results.filter(({ outcome }) => outcome !== 'done');
  const rows = Object.entries(reports).map(
    ([region, { copied, bytes, updated, retired, kept, failed: bad }]) => [
      ...[region, `${copied}`, bytesText(bytes), `${updated}`, `${retired}`, `${kept}`, `${bad}`],
    ],
  );
  const head = ['region', 'copied', 'bytes', 'updated', 'retired', 'kept', 'failed'];
  const changes = undone.map(({ change, outcome, reason }) => ({ ...change, outcome, reason }));
  if (json) stdout.write(`${JSON.stringify({ regions: reports, changes })}\n`);
  else stdout.write(rows.length > 0 ? table(head, rows) : 'Everything is as the policy says.\n');
  for (const { change, outcome, reason } of json ? [] : undone)
    stderr.write(
      `${change.region}: ${change.kind} of ${change.name || change.image}: ${outcome}: ${reason}\n`,
    );
  for (const [region, reason] of json ? [] : failed) stderr.write(`${region} could not be read: ${reason}\n`);
  const unfinished = new Set<string>(
    results.filter(({ isTimeEnded }) => isTimeEnded).map(({ change }) => change.region),
  );
  const regions = [...new Set([...targets.keys(), ...failed.keys()])];
  return exitCodeOf(regions.map((region) => (reports[region]?.failed ?? 0) === 0 && !unfinished.has(region)));
};
