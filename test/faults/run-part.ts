// One part of a run, in this process: the functions' handlers between emulated services of its own.
import { type Bench, startBench } from './bench.ts';
import { calmMoment } from './calm.ts';
import { cancelCases } from './cancel-cases.ts';
import { casesFor, chosen, inPart, isChosen, type Part, special } from './cases.ts';
import { baseline } from './crash-points.ts';
import { failingEnds } from './failing-ends.ts';
import { successes } from './imports-under-test.ts';
import { fullName, type Outcome, perform, type Rested } from './one-run.ts';
import type { Options } from './options.ts';
import { createRandom } from './random.ts';
import { type NamedRun, replicationCases } from './replication-cases.ts';
import { complaint, type Tally, tallyOf } from './report.ts';
import { sideBySide } from './side-by-side.ts';
import { sweepCases } from './sweep-cases.ts';
import { sweep } from './sweeping.ts';

/** What the table counts of it is all that is kept of a run. */
const told = (outcome: Outcome, options: Options): Tally => {
  const { one, endings, seconds, broken, reason } = outcome;
  if (broken.length > 0) console.log(complaint(outcome, options));
  else if (options.isLoud)
    console.log(`${fullName(one)}: ${endings.join(', ')}, ${seconds.toFixed(1)} s: ${reason}`);
  return tallyOf(outcome);
};

/** An import may wait for its message for two hours, and is called silent after six more. */
const sweptAfterH = 9;

/** The orphans of many runs are swept together: for the sweep's clock, which is hours ahead, everything else is old, too. */
const sweepOrphans = async (bench: Bench, orphans: readonly Rested[]): Promise<readonly Outcome[]> => {
  for (let sweeps = 0; orphans.length > 0 && sweeps < 2; sweeps += 1) {
    await sweep(bench.deployment, sweptAfterH);
    await bench.watch.untilEmpty();
  }
  return await sideBySide(orphans, 4, (rested) => rested.judge());
};

/** sweep-imports itself goes wrong: while nothing else is there that it could find. */
const sweepBetweenCalls = async (bench: Bench, options: Options): Promise<readonly Tally[]> => {
  if (options.only !== undefined && !/sweep/.test(options.only)) return [];
  const { undisturbed, cases } = await sweepCases(bench);
  const calm = told(undisturbed, options);
  const named = cases.filter(({ name }) => isChosen(name, options.only));
  const run = options.sample === undefined ? named : createRandom(options.seed).sample(named, 4);
  console.log(`${run.length} of ${cases.length} cases of sweep-imports`);
  const outcomes = await sideBySide(run, 4, async (one) => told(await one.perform(), options));
  return [calm, ...outcomes];
};

/** A function of its own goes wrong, in runs of its own that follow from how it goes undisturbed. */
const betweenCalls = async (
  step: string,
  { undisturbed, cases }: { readonly undisturbed: readonly Outcome[]; readonly cases: readonly NamedRun[] },
  options: Options,
): Promise<readonly Tally[]> => {
  const calm = undisturbed.map((outcome) => told(outcome, options));
  const named = cases.filter(({ name }) => isChosen(name, options.only));
  const run = options.sample === undefined ? named : createRandom(options.seed).sample(named, 8);
  console.log(`${run.length} of ${cases.length} cases of ${step}`);
  const outcomes = await sideBySide(run, options.atOnce, async (one) => {
    await calmMoment();
    return told(await one.perform(), options);
  });
  return [...calm, ...outcomes];
};

/** replicate-image goes wrong: each run sees to it that the next event makes of it what it should be. */
const replicateBetweenCalls = async (bench: Bench, options: Options): Promise<readonly Tally[]> => {
  if (options.only !== undefined && !/replicate/.test(options.only)) return [];
  const { undisturbed, cases } = await replicationCases(bench);
  return await betweenCalls('replicate-image', { undisturbed: [undisturbed], cases }, options);
};

/** cancel-import goes wrong while an import runs. */
const cancelBetweenCalls = async (bench: Bench, options: Options): Promise<readonly Tally[]> =>
  options.only !== undefined && !/cancel/.test(options.only)
    ? []
    : await betweenCalls('cancel-import', await cancelCases(bench), options);

/** Says now and then how far it is: a whole run takes a while. */
const createProgress = (all: number) => {
  const startedMs = performance.now();
  let done = 0;
  return (): void => {
    done += 1;
    if (done % 200 !== 0) return;
    console.log(`${done} of ${all} after ${((performance.now() - startedMs) / 60_000).toFixed(1)} min`);
  };
};

/** Few, so that each makes the calls that it needs and no others: all cases follow from them. */
const baselinesAtOnce = 3;

/** All imports together, then what is tried while no import is at work. */
const runCases = async (bench: Bench, options: Options, part: Part): Promise<readonly Tally[]> => {
  const kinds = [...successes, ...failingEnds, ...special];
  const undisturbed = await sideBySide(kinds, baselinesAtOnce, (kind) => baseline(bench, kind));
  const calm = undisturbed.map((outcome) => told(outcome, options));
  const cases = casesFor(undisturbed, options);
  const run = inPart(chosen(cases, options), part);
  console.log(
    `part ${part.number + 1} of ${part.of}: ${run.length} of ${cases.length} cases, seed ${options.seed}`,
  );
  const advance = createProgress(run.length);
  const orphans: Rested[] = [];
  const tallies = await sideBySide(run, options.atOnce, async (one) => {
    await calmMoment();
    const rested = await perform(bench, one);
    advance();
    if (!rested.isOrphaned) return told(await rested.judge(), options);
    orphans.push(rested);
    return undefined;
  });
  const swept = await sweepOrphans(bench, orphans);
  const ended = tallies.filter((tally) => tally !== undefined);
  // Each part needs them, to know its cases; they count once.
  return [...(part.number === 0 ? calm : []), ...ended, ...swept.map((outcome) => told(outcome, options))];
};

/** Functions that have cases of their own, each in another part of a whole run. */
const withOwnCases = [sweepBetweenCalls, replicateBetweenCalls, cancelBetweenCalls];

/** @returns what became of each run of this part; the process must be ended */
export const runPart = async (options: Options, part: Part): Promise<readonly Tally[]> => {
  const bench = await startBench();
  const tallies = [...(await runCases(bench, options, part))];
  for (const [index, betweenItsCalls] of withOwnCases.entries())
    if (index % part.of === part.number) tallies.push(...(await betweenItsCalls(bench, options)));
  await bench.stop();
  return tallies;
};
