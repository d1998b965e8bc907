import type { Bench } from './bench.ts';
import { type Call, nameOf } from './call-log.ts';
import { type Fate, type Plan, pass } from './context.ts';
import { failingEnds } from './failing-ends.ts';
import { type ImportUnderTest, successes } from './imports-under-test.ts';
import { type Case, type Outcome, perform, type Rested } from './one-run.ts';
import { orphansOf } from './orphans.ts';
import { sweep } from './sweeping.ts';

// sweep-imports itself dies before and after each of its calls, or one of them is refused: the next sweeps take care of
// what is left, and nothing of an import that runs is touched.

const kindNamed = (name: string): ImportUnderTest => {
  const [kind] = [...successes, ...failingEnds].filter((one) => one.name === name);
  if (!kind) throw new Error(`no kind of import ${name}`);
  return kind;
};

const sweeping: ImportUnderTest = { ...kindNamed('one stream'), name: 'sweep-imports' };
const group = 'sweep-imports: dies, or is refused something';

const planned = (fateOf: Plan['fateOf'] = () => pass): Plan => ({ fateOf });
const diesAt = (at: string): Plan =>
  planned((call) => (nameOf(call) === at ? { kind: 'die', when: 'before' } : pass));
const losing = (step: string): Plan => {
  let isLost = false;
  return {
    fateOf: () => pass,
    deliver: (to) => {
      if (to !== step || isLost) return { delaysMs: [0] };
      isLost = true;
      return { delaysMs: [] };
    },
  };
};

/** Slow enough to be at work while others are swept. */
const slowSource: Plan = planned(({ operation, invocation }) =>
  operation === 'GET file' && invocation === 1
    ? { kind: 'fault', fault: { kind: 'bent', how: 'drips' } }
    : pass,
);

const part = (name: string, kind: string, ends: Case['ends'], plan: () => Plan): Case => ({
  ...{ group, name, kind: kindNamed(kind), ends, plan },
});

/** What a sweep finds, one of each sort. */
const silent = {
  lost: part('its first message is lost', 'one stream', 'success', () => losing('stream-image')),
  unsent: part('its request dies before it sends', 'activation none', 'success', () =>
    diesAt('import-image 1: sqs SendMessage 1'),
  ),
  failed: part('its last message is lost', 'source forbidden', 'failure', () => losing('fail-import')),
  unclaimed: part('its claim is lost as well', 'activation none', 'failure', () => losing('stream-image')),
  untold: part('its request dies before its task', 'activation none', 'either', () =>
    diesAt('import-image 1: dynamodb PutItem task 1'),
  ),
  ended: part('it has ended, and left something', 'activation none', 'success', () => planned()),
} as const;
const running = part('it is at work', 'one stream', 'success', () => slowSource);

/** Two sweeps at a time would share what there is to do. */
let before: Promise<unknown> = Promise.resolve();
const alone = <T>(work: () => Promise<T>): Promise<T> => {
  const done = before.then(work);
  before = done.catch(() => undefined);
  return done;
};

/** A sweep that died may have asked for an import already, which then has its time once more. */
const sweepsToTheEnd = 2;

const sweepAll = (bench: Bench, rested: Record<keyof typeof silent, Rested>, fateOf: Plan['fateOf']) =>
  alone(async () => {
    const orphans = orphansOf(bench);
    await orphans.loseClaim(rested.unclaimed);
    await orphans.leaveBehind(rested.ended);
    await orphans.age(Object.values(rested));
    const swept = await sweep(bench.deployment, 0, fateOf);
    for (let sweeps = 0; sweeps < sweepsToTheEnd; sweeps += 1) {
      await orphans.age(Object.values(rested));
      await sweep(bench.deployment, 0);
    }
    return { swept, left: await orphans.left() };
  });

/** A second attempt, or another upload: somebody has taken it for dead. */
const disturbed = ({ run }: Outcome): readonly string[] => {
  const begun = run.calls.calls.filter(({ operation }) => operation === 'CreateMultipartUpload').length;
  return begun === 1 ? [] : [`an import at work has begun ${begun} uploads`];
};

const performSweep = async (bench: Bench, name: string, fateOf: Plan['fateOf']): Promise<Outcome> => {
  const startedMs = performance.now();
  const working = perform(bench, running);
  const names = Object.keys(silent) as (keyof typeof silent)[];
  const entries = await Promise.all(names.map(async (key) => [key, await perform(bench, silent[key])]));
  // One entry for each name of the list.
  const rested = Object.fromEntries(entries) as Record<keyof typeof silent, Rested>;
  const { swept, left } = await sweepAll(bench, rested, fateOf);
  const own = await (await working).judge();
  const others = await Promise.all(Object.values(rested).map((one) => one.judge()));
  const broken = [own, ...others].flatMap((outcome) =>
    outcome.broken.map((what) => `${outcome.one.name}: ${what}`),
  );
  return {
    one: { group, name, kind: sweeping, ends: 'either', plan: () => planned() },
    endings: [own, ...others].flatMap(({ endings }) => endings),
    broken: [...broken, ...disturbed(own), ...left],
    hasLeft: left.length > 0 || [own, ...others].some(({ hasLeft }) => hasLeft),
    reason: '',
    run: swept,
    seconds: (performance.now() - startedMs) / 1000,
  };
};

/** One run, to be performed beside others of these and of none else. */
export interface SweepCase {
  readonly name: string;
  perform(): Promise<Outcome>;
}

const refused: Fate = {
  kind: 'fault',
  fault: {
    kind: 'answer',
    status: 400,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ __type: 'AccessDeniedException', message: 'planned' }),
  },
};
const fates: Readonly<Record<string, Fate>> = {
  'dies before': { kind: 'die', when: 'before' },
  'dies after': { kind: 'die', when: 'after' },
  'is refused': refused,
};

/** @returns how an undisturbed sweep went, and the cases that follow from its calls */
export const sweepCases = async (bench: Bench): Promise<{ undisturbed: Outcome; cases: SweepCase[] }> => {
  const undisturbed = await performSweep(bench, 'undisturbed', () => pass);
  const calls: readonly Call[] = undisturbed.run.calls.calls;
  const cases = calls.flatMap((call) =>
    Object.entries(fates).map(([what, fate]): SweepCase => {
      const at = nameOf(call);
      const name = `${what} ${at}`;
      return {
        name: `${sweeping.name}: ${name}`,
        perform: () => performSweep(bench, name, (made) => (nameOf(made) === at ? fate : pass)),
      };
    }),
  );
  return { undisturbed, cases };
};
