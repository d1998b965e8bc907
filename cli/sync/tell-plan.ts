import type { Change, Inventory } from '../../lib/replication/plan/change.ts';
import { describePlan, sumsInWords } from '../../lib/replication/plan/report/describe-plan.ts';
import { type ExitCode, exitCodeOf } from '../call/exit-codes.ts';
import type { Io } from '../call/io.ts';
import { bytesText } from '../progress/amounts.ts';
import { table } from '../progress/table.ts';

const head = ['region', 'action', 'image', 'name', 'bytes', 'why'];

/** Whether each region could be read. */
export const readingsOf = ({
  targets,
  failed,
}: Pick<Inventory, 'targets' | 'failed'>): readonly boolean[] => [
  ...[...targets.keys()].map(() => true),
  ...[...failed.keys()].map(() => false),
];

/** A plan with its actions and bytes, and the regions that nothing is planned for. */
export const tellPlan = (
  { stdout, stderr }: Io,
  { json = false }: { readonly json?: boolean },
  changes: readonly Change[],
  inventory: Inventory,
): ExitCode => {
  const { failed } = inventory;
  const { rows, sums, sumsOf } = describePlan(changes);
  if (json) {
    stdout.write(`${JSON.stringify({ changes: rows, sums, sumsOf, failed: Object.fromEntries(failed) })}\n`);
    return exitCodeOf(readingsOf(inventory));
  }
  const lines = rows.map(({ region, action, image, name, bytes, reason }) => [
    ...[region, action, image, name, bytes > 0 ? bytesText(bytes) : '', reason],
  ]);
  stdout.write(`${lines.length > 0 ? table(head, lines) : ''}${sumsInWords(sums, bytesText)}\n`);
  for (const [region, reason] of failed) stderr.write(`${region} could not be read: ${reason}\n`);
  return exitCodeOf(readingsOf(inventory));
};
