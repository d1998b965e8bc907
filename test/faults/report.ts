import { commit, machine } from '../bench/machine.ts';
import { writeBetween } from '../bench/report.ts';
import { nameOf } from './call-log.ts';
import type { Ending } from './invariants.ts';
import { fullName, type Outcome } from './one-run.ts';
import { hasAllRequests, isWhole, type Options } from './options.ts';

const page = new URL('../../docs/reliability.md', import.meta.url);

/** What a run that broke a promise left behind, and how to see it again. */
export const complaint = ({ one, endings, broken, run, seconds }: Outcome, options: Options): string => {
  const calls = options.isLoud ? run.calls.calls.map((call) => `    ${nameOf(call)}`) : [];
  const repeat = `npm run test:faults -- --seed ${options.seed} --only '${fullName(one)}'`;
  return [
    `BROKEN ${fullName(one)} (${endings.join(', ')}, ${seconds.toFixed(1)} s)`,
    ...broken.map((what) => `  ${what}`),
    `  ${repeat}`,
    ...calls,
  ].join('\n');
};

const count = (outcomes: readonly Outcome[], is: (outcome: Outcome) => boolean): string =>
  `${outcomes.filter(is).length}`;

/** Of several imports of a run each one counts. */
const countEndings = (outcomes: readonly Outcome[], ...these: readonly Ending[]): string =>
  `${outcomes.flatMap(({ endings }) => endings).filter((ending) => these.includes(ending)).length}`;

const row = (group: string, outcomes: readonly Outcome[]): string[] => [
  ...[group, `${outcomes.length}`],
  countEndings(outcomes, 'succeeded'),
  countEndings(outcomes, 'failed cleanly'),
  countEndings(outcomes, 'refused', 'nothing happened'),
  count(outcomes, ({ hasLeft }) => hasLeft),
  count(outcomes, ({ broken }) => broken.length > 0),
];

/** Prints what became of the generated requests; of all of them it goes into docs/reliability.md. */
export const reportRequests = (summary: string, options: Options): void => {
  if (hasAllRequests(options))
    writeBetween(page, 'odd-requests', [`${summary}. Commit ${commit()}, ${machine()}.`]);
};

/** Prints the table of a run that took so many seconds; a whole run's goes into docs/reliability.md. */
export const report = (outcomes: readonly Outcome[], options: Options, seconds: number): void => {
  const groups = Map.groupBy(outcomes, ({ one }) => one.group);
  const rows = [...groups].map(([group, those]) => row(group, those));
  const head = ['case', 'runs', 'succeeded', 'failed cleanly', 'never began', 'left', 'a promise broken'];
  const tables = [{ head, rows: [...rows, row('**all**', outcomes)] }];
  const facts = {
    head: ['seed', 'commit', 'minutes', 'machine'],
    rows: [[`${options.seed}`, commit(), (seconds / 60).toFixed(1), machine()]],
  };
  if (isWhole(options)) writeBetween(page, 'faults', [...tables, facts]);
  else console.log(rows.map((cells) => cells.join(' | ')).join('\n'));
};
