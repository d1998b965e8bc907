import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { httpEvent, lambdaContext } from '../integration/lambda.ts';
import type { Bench } from './bench.ts';
import { type Call, createCallLog, nameOf } from './call-log.ts';
import { type Fate, invoke, newRun, type Plan, pass, type Run } from './context.ts';
import type { Deployment } from './deployment.ts';
import { finalFaults, passingFaults } from './faults.ts';
import { type ImportUnderTest, type Prepared, successes } from './imports-under-test.ts';
import { type Case, type Outcome, perform } from './one-run.ts';
import { targetGlance } from './regions.ts';
import type { NamedRun } from './replication-cases.ts';

// An import is cancelled while it runs. cancel-import dies before and after each of its calls, each of them goes wrong;
// nobody asks again. Whatever has come of it, the import ends by itself, one way or the other, and nothing is left. Who was
// told that it is cancelled finds it failed for that reason.

const step = 'cancel-import';
const group = `${step}: dies, or is refused something`;
const reason = /^Cancelled by its owner\b/;

/** When an import is cancelled. */
interface Moment {
  readonly name: string;
  readonly kind: ImportUnderTest;
  /** It is cancelled before this call, which then takes a while. */
  readonly at: string;
  /** Lets that call take its time. */
  hold(prepared: Prepared, deployment: Deployment): Fate;
}

const kindNamed = (name: string): ImportUnderTest => {
  const [kind] = successes.filter((one) => one.name === name);
  if (!kind) throw new Error(`no kind of import ${name}`);
  return kind;
};

const dripping: Fate = { kind: 'fault', fault: { kind: 'bent', how: 'drips' } };
const bytesPerSecond = 2 * 1024 ** 2;

const moments: readonly [Moment, ...Moment[]] = [
  {
    ...{ name: 'while its data is copied', kind: kindNamed('one stream') },
    ...{ at: 'stream-image 1: source GET file 1', hold: () => dripping },
  },
  {
    ...{ name: 'while its segments are copied', kind: kindNamed('segments') },
    ...{ at: 'stream-image 1: source GET file 1', hold: () => dripping },
  },
  {
    ...{ name: 'before it has begun', kind: kindNamed('one stream') },
    ...{ at: 'stream-image 1: dynamodb UpdateItem claim 1', hold: () => pass },
  },
  {
    ...{ name: 'while its data goes into its target', kind: kindNamed('one stream') },
    at: 'apply-metadata 1: target PUT file 1',
    hold: (prepared, deployment) => {
      const fault = { on: 'put-file', kind: 'slow', bytesPerSecond } as const;
      targetGlance(deployment, prepared).fault(prepared.targetId, fault);
      return pass;
    },
  },
];

interface CancelCase {
  readonly name: string;
  readonly moment: Moment;
  /** Of cancel-import's calls. */
  readonly fateOf: Plan['fateOf'];
}

/** What the caller of DELETE was told. */
type Answer = number | 'died';

/** Another process's run: nothing of the import's plan concerns it. */
const cancel = async (run: Run, { region, targetId, token }: Prepared, deployment: Deployment) => {
  const event = httpEvent({ method: 'DELETE', region, imageId: targetId, token });
  const handler = deployment.functions.standard[step];
  const result = await invoke(run, step, () => handler(event, lambdaContext(29_000)));
  return result === 'dead' ? 'died' : ((result as APIGatewayProxyStructuredResultV2).statusCode ?? 0);
};

/** Whether the answer was true, and the reason that of the one who has cancelled. */
const untrue = (answer: Answer | undefined, { endings, reason: told }: Outcome): readonly string[] => [
  ...(answer === undefined ? ['it was never cancelled'] : []),
  ...(endings.includes('failed cleanly') && !reason.test(told)
    ? [`it failed for another reason: ${told}`]
    : []),
  ...(answer === 204 && endings.includes('succeeded') ? ['it was cancelled, and has succeeded'] : []),
];

const secretsIn = ({ logs, sent }: Run, { secrets }: Deployment): readonly string[] =>
  secrets
    .filter((secret) => [...logs, ...sent].some((text) => text.includes(secret)))
    .map(() => `a token stands in clear in what ${step} has logged or sent`);

const performCancel = async (bench: Bench, { name, moment, fateOf }: CancelCase): Promise<Outcome> => {
  const { deployment } = bench;
  const run = newRun({ fateOf }, createCallLog());
  let cancelled: Promise<Answer> | undefined;
  const plan: Case['plan'] = ([prepared]) => ({
    fateOf: (call) => {
      if (nameOf(call) !== moment.at) return pass;
      cancelled ??= cancel(run, prepared, deployment);
      return moment.hold(prepared, deployment);
    },
  });
  const kind = { ...moment.kind, name: step };
  const one: Case = { ...{ group, name, kind, plan }, ends: 'either' };
  const rested = await perform(bench, one);
  const answer = await cancelled;
  const outcome = await rested.judge();
  const more = [...untrue(answer, outcome), ...secretsIn(run, deployment)];
  return { ...outcome, broken: [...outcome.broken, ...more], run: { ...run, deaths: outcome.run.deaths } };
};

const at = (call: Call, fate: Fate): Plan['fateOf'] => {
  const name = nameOf(call);
  return (made) => (nameOf(made) === name ? fate : pass);
};

const dying = (moment: Moment, call: Call): readonly CancelCase[] =>
  (['before', 'after'] as const).map((when) => ({
    ...{
      name: `dies ${when} ${nameOf(call)}, ${moment.name}`,
      moment,
      fateOf: at(call, { kind: 'die', when }),
    },
  }));

const faulty = (moment: Moment, call: Call): readonly CancelCase[] =>
  [...passingFaults(call), ...finalFaults(call)].map(({ name, fault }) => ({
    ...{
      name: `${name} at ${nameOf(call)}, ${moment.name}`,
      moment,
      fateOf: at(call, { kind: 'fault', fault }),
    },
  }));

/** @returns how undisturbed cancels went, and the cases that follow from their calls: each fault once, deaths at all moments */
export const cancelCases = async (bench: Bench): Promise<{ undisturbed: Outcome[]; cases: NamedRun[] }> => {
  const undisturbed: Outcome[] = [];
  const cases: CancelCase[] = [];
  for (const moment of moments) {
    const name = `undisturbed, ${moment.name}`;
    const outcome = await performCancel(bench, { name, moment, fateOf: () => pass });
    undisturbed.push(outcome);
    const { calls } = outcome.run.calls;
    cases.push(...calls.flatMap((call) => dying(moment, call)));
    if (moment === moments[0]) cases.push(...calls.flatMap((call) => faulty(moment, call)));
  }
  const named = cases.map((one) => ({
    name: `${step}: ${one.name}`,
    perform: () => performCancel(bench, one),
  }));
  return { undisturbed, cases: named };
};
