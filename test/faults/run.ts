// `npm run test:faults [-- --seed N --only NAME --runs N --short]`: imports between the emulated services, with whatever can
// go wrong between them. Ends with 0 only if every promise was kept in every run.
import { baseline, crashPoints } from './crash-points.ts';
import { deploy } from './deployment.ts';
import { createInvestigator } from './evidence.ts';
import { successes } from './imports-under-test.ts';
import { type Bench, type Case, fullName, type Outcome, perform } from './one-run.ts';
import { type Options, readOptions } from './options.ts';
import { startPump } from './pump.ts';
import { createQueueWatch } from './queue-watch.ts';
import { createRandom } from './random.ts';
import { complaint, report } from './report.ts';
import { sideBySide } from './side-by-side.ts';

const told = (outcome: Outcome, options: Options): Outcome => {
  const { one, ending, seconds, broken } = outcome;
  if (broken.length > 0) console.log(complaint(outcome, options));
  else if (options.isLoud) console.log(`${fullName(one)}: ${ending}, ${seconds.toFixed(1)} s`);
  return outcome;
};

const chosen = (cases: readonly Case[], { only, sample, seed }: Options): readonly Case[] => {
  const named = cases.filter((one) => only === undefined || fullName(one).includes(only));
  return sample === undefined ? named : createRandom(seed).sample(named, sample);
};

const runAll = async (bench: Bench, options: Options): Promise<readonly Outcome[]> => {
  const undisturbed = await sideBySide(successes, 1, (kind) => baseline(bench, kind));
  for (const outcome of undisturbed) told(outcome, options);
  const cases = undisturbed.flatMap((outcome) => crashPoints(outcome.one.kind, outcome));
  const run = chosen(cases, options);
  console.log(`${run.length} of ${cases.length} cases, seed ${options.seed}`);
  const outcomes = await sideBySide(run, options.atOnce, async (one) =>
    told(await perform(bench, one), options),
  );
  return [...undisturbed, ...outcomes];
};

const options = readOptions(process.argv.slice(2));
const startedMs = performance.now();
const deployment = await deploy();
const { aws } = deployment.cloud;
const bench = {
  deployment,
  pump: startPump(aws),
  watch: createQueueWatch(aws),
  investigator: createInvestigator(deployment),
};
const outcomes = await runAll(bench, options);
report(outcomes, options, (performance.now() - startedMs) / 1000);
await bench.pump.stop();
bench.investigator.stop();
await deployment.stop();
// What has died still waits: the loop would not end by itself.
process.exit(outcomes.some(({ broken }) => broken.length > 0) ? 1 : 0);
