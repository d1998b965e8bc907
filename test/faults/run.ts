// `npm run test:faults [-- --seed N --only NAME --runs N --short]`: imports between the emulated services, with whatever can
// go wrong between them. Ends with 0 only if every promise was kept in every run.
import { type Bench, startBench } from './bench.ts';
import { betweenClouds, betweenCloudsCases } from './between-clouds.ts';
import { callFaults, lastingFaults } from './call-faults.ts';
import { calmMoment } from './calm.ts';
import { cancelCases } from './cancel-cases.ts';
import { baseline, crashPoints, crashPointsOfSeveral } from './crash-points.ts';
import { failingEnds } from './failing-ends.ts';
import { serviceUser, successes, variants } from './imports-under-test.ts';
import { type Case, fullName, type Outcome, perform, type Rested } from './one-run.ts';
import { type Options, readOptions } from './options.ts';
import { changesAtEveryMoment } from './owner-changes.ts';
import { queueFaults } from './queue-faults.ts';
import { createRandom } from './random.ts';
import { type NamedRun, replicationCases } from './replication-cases.ts';
import { complaint, report, reportRequests } from './report.ts';
import { sendGeneratedRequests } from './requests-process.ts';
import { serviceUserCases } from './service-user.ts';
import { crowd, severalThatDie, whileItWaits } from './several.ts';
import { sideBySide } from './side-by-side.ts';
import { isStorm, storms } from './storms.ts';
import { sweepCases } from './sweep-cases.ts';
import { sweep } from './sweeping.ts';
import { createUnseen } from './unseen.ts';

const told = (outcome: Outcome, options: Options): Outcome => {
  const { one, endings, seconds, broken, reason } = outcome;
  if (broken.length > 0) console.log(complaint(outcome, options));
  else if (options.isLoud)
    console.log(`${fullName(one)}: ${endings.join(', ')}, ${seconds.toFixed(1)} s: ${reason}`);
  return outcome;
};

const isChosen = (name: string, only: string | undefined): boolean =>
  only === undefined || only.split('|').some((part) => name.includes(part));

const chosen = (cases: readonly Case[], { only, sample, seed }: Options): readonly Case[] => {
  const named = cases.filter((one) => isChosen(fullName(one), only));
  const [stormy, others] = [named.filter(isStorm), named.filter((one) => !isStorm(one))];
  return [...(sample === undefined ? others : createRandom(seed).sample(others, sample)), ...stormy];
};

/** Of which not every call is to go wrong: most are those of other kinds. */
const special = [...variants, ...severalThatDie, crowd, betweenClouds];

/** All cases there are, by how the kinds of imports go when nothing is planned. */
const casesFor = (
  all: readonly Outcome[],
  { seed, storms: count, severalStorms }: Options,
): readonly Case[] => {
  const undisturbed = all.filter(({ one }) => !special.includes(one.kind));
  const several = all.filter(({ one }) => severalThatDie.includes(one.kind));
  const waiting = all.filter(({ one }) => one.kind === crowd);
  const ofTwoClouds = all.filter(({ one }) => one.kind === betweenClouds);
  const withServiceUser = all.filter(({ one }) => one.kind === serviceUser);
  const arriving = undisturbed.filter(({ one }) => !one.kind.fails);
  const [once, always] = [createUnseen(), createUnseen()];
  return [
    ...undisturbed.flatMap((outcome) => crashPoints(outcome.one.kind, outcome)),
    ...several.flatMap((outcome) => crashPointsOfSeveral(outcome.one.kind, outcome)),
    ...waiting.flatMap((outcome) => crashPoints(outcome.one.kind, whileItWaits(outcome))),
    ...[...undisturbed, ...withServiceUser].flatMap((outcome) => callFaults(outcome, once)),
    ...[...undisturbed, ...withServiceUser].flatMap((outcome) => lastingFaults(outcome, always)),
    ...withServiceUser.flatMap(serviceUserCases),
    ...ofTwoClouds.flatMap(betweenCloudsCases),
    ...arriving.flatMap(changesAtEveryMoment),
    ...arriving.flatMap(({ one }) => queueFaults(one.kind)),
    ...storms(seed, count, severalStorms),
  ];
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
const sweepBetweenCalls = async (bench: Bench, options: Options): Promise<readonly Outcome[]> => {
  if (options.only !== undefined && !/sweep/.test(options.only)) return [];
  const { undisturbed, cases } = await sweepCases(bench);
  told(undisturbed, options);
  const named = cases.filter(({ name }) => isChosen(name, options.only));
  const run = options.sample === undefined ? named : createRandom(options.seed).sample(named, 4);
  console.log(`${run.length} of ${cases.length} cases of sweep-imports`);
  const outcomes = await sideBySide(run, 4, async (one) => told(await one.perform(), options));
  return [undisturbed, ...outcomes];
};

/** A function of its own goes wrong, in runs of its own that follow from how it goes undisturbed. */
const betweenCalls = async (
  step: string,
  { undisturbed, cases }: { readonly undisturbed: readonly Outcome[]; readonly cases: readonly NamedRun[] },
  options: Options,
): Promise<readonly Outcome[]> => {
  for (const outcome of undisturbed) told(outcome, options);
  const named = cases.filter(({ name }) => isChosen(name, options.only));
  const run = options.sample === undefined ? named : createRandom(options.seed).sample(named, 8);
  console.log(`${run.length} of ${cases.length} cases of ${step}`);
  const outcomes = await sideBySide(run, options.atOnce, async (one) => {
    await calmMoment();
    return told(await one.perform(), options);
  });
  return [...undisturbed, ...outcomes];
};

/** replicate-image goes wrong: each run sees to it that the next event makes of it what it should be. */
const replicateBetweenCalls = async (bench: Bench, options: Options): Promise<readonly Outcome[]> => {
  if (options.only !== undefined && !/replicate/.test(options.only)) return [];
  const { undisturbed, cases } = await replicationCases(bench);
  return await betweenCalls('replicate-image', { undisturbed: [undisturbed], cases }, options);
};

/** cancel-import goes wrong while an import runs. */
const cancelBetweenCalls = async (bench: Bench, options: Options): Promise<readonly Outcome[]> =>
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

const runAll = async (bench: Bench, options: Options): Promise<readonly Outcome[]> => {
  const kinds = [...successes, ...failingEnds, ...special];
  const undisturbed = await sideBySide(kinds, baselinesAtOnce, (kind) => baseline(bench, kind));
  for (const outcome of undisturbed) told(outcome, options);
  const cases = casesFor(undisturbed, options);
  const run = chosen(cases, options);
  console.log(`${run.length} of ${cases.length} cases, seed ${options.seed}`);
  const advance = createProgress(run.length);
  const orphans: Rested[] = [];
  const outcomes = await sideBySide(run, options.atOnce, async (one) => {
    await calmMoment();
    const rested = await perform(bench, one);
    advance();
    if (!rested.isOrphaned) return told(await rested.judge(), options);
    orphans.push(rested);
    return undefined;
  });
  const swept = await sweepOrphans(bench, orphans);
  for (const outcome of swept) told(outcome, options);
  const sweeps = await sweepBetweenCalls(bench, options);
  const replicas = await replicateBetweenCalls(bench, options);
  const cancels = await cancelBetweenCalls(bench, options);
  const ended = outcomes.filter((outcome) => outcome !== undefined);
  return [...undisturbed, ...ended, ...swept, ...sweeps, ...replicas, ...cancels];
};

const requestsOf = ({ requests: count, seed }: Options) => sendGeneratedRequests({ count, seed });

const options = readOptions(process.argv.slice(2));
const startedMs = performance.now();
const requests = options.requests > 0 ? await requestsOf(options) : undefined;
if (requests?.isKept) reportRequests(requests.summary, options);
const bench = await startBench();
const outcomes = await runAll(bench, options);
report(outcomes, options, (performance.now() - startedMs) / 1000);
await bench.stop();
// What has died still waits: the loop would not end by itself.
const isKept = requests?.isKept !== false && outcomes.every(({ broken }) => broken.length === 0);
process.exit(isKept ? 0 : 1);
