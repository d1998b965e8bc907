import { commit, machine } from '../bench/machine.ts';
import { writeBetween } from '../bench/report.ts';
import { nameOf } from './call-log.ts';
import type { Ending } from './invariants.ts';
import { fullName, type Outcome } from './one-run.ts';
import { hasAllRequests, isWhole, type Options } from './options.ts';

const page = new URL('../../docs/reliability.md', import.meta.url);

/** What a run that broke a promise left behind, and how to see it again. */
export const complaint = (
  { one, endings, broken, reason, run, seconds }: Outcome,
  options: Options,
): string => {
  const calls = options.isLoud ? [...run.logs, ...run.calls.calls.map((call) => `    ${nameOf(call)}`)] : [];
  const repeat = `npm run test:faults -- --seed ${options.seed} --only '${fullName(one)}'`;
  return [
    `BROKEN ${fullName(one)} (${endings.join(', ')}, ${seconds.toFixed(1)} s)`,
    ...broken.map((what) => `  ${what}`),
    `  the tasks say: ${reason}`,
    `  ${repeat}`,
    ...calls,
  ].join('\n');
};

/** What the table counts of a run. */
export interface Tally {
  readonly group: string;
  /** Of several imports in a run, of each. */
  readonly endings: readonly Ending[];
  readonly hasLeft: boolean;
  readonly isBroken: boolean;
}

export const tallyOf = ({ one, endings, hasLeft, broken }: Outcome): Tally => ({
  group: one.group,
  endings,
  hasLeft,
  isBroken: broken.length > 0,
});

const count = (tallies: readonly Tally[], is: (tally: Tally) => boolean): string =>
  `${tallies.filter(is).length}`;

const countEndings = (tallies: readonly Tally[], ...these: readonly Ending[]): string =>
  `${tallies.flatMap(({ endings }) => endings).filter((ending) => these.includes(ending)).length}`;

const row = (group: string, tallies: readonly Tally[]): string[] => [
  ...[group, `${tallies.length}`],
  countEndings(tallies, 'succeeded'),
  countEndings(tallies, 'failed cleanly'),
  countEndings(tallies, 'refused', 'nothing happened'),
  count(tallies, ({ hasLeft }) => hasLeft),
  count(tallies, ({ isBroken }) => isBroken),
];

/** Prints what became of the generated requests; of all of them it goes into docs/reliability.md. */
export const reportRequests = (summary: string, options: Options): void => {
  if (hasAllRequests(options))
    writeBetween(page, 'odd-requests', [`${summary}. Commit ${commit()}, ${machine()}.`]);
};

/** Prints the table of a run that took so many seconds; a whole run's goes into docs/reliability.md. */
export const report = (tallies: readonly Tally[], options: Options, seconds: number): void => {
  const groups = Map.groupBy(tallies, ({ group }) => group);
  const named = [...groups].sort(([one], [other]) => one.localeCompare(other));
  const rows = named.map(([group, those]) => row(group, those));
  const head = ['case', 'runs', 'succeeded', 'failed cleanly', 'never began', 'left', 'a promise broken'];
  const tables = [{ head, rows: [...rows, row('**all**', tallies)] }];
  const facts = {
    head: ['seed', 'commit', 'minutes', 'machine'],
    rows: [[`${options.seed}`, commit(), (seconds / 60).toFixed(1), machine()]],
  };
  if (isWhole(options)) writeBetween(page, 'faults', [...tables, facts]);
  else console.log(rows.map((cells) => cells.join(' | ')).join('\n'));
};
