import type { Bench } from './bench.ts';
import { nameOf } from './call-log.ts';
import { calmMoment } from './calm.ts';
import { type Plan, pass } from './context.ts';
import type { ImportUnderTest } from './imports-under-test.ts';
import { type Case, type Outcome, perform } from './one-run.ts';
import { createUnseen } from './unseen.ts';

/** Nothing goes wrong. */
const undisturbed: Plan = { fateOf: () => pass };

/** How a kind of import must end where its request is accepted and nothing final goes wrong. */
export const endOf = ({ fails }: ImportUnderTest): Case['ends'] => (fails ? 'failure' : 'success');

/** On a machine that is busy with other things even what nothing is planned for may lose its lease. */
const tries = 3;

/** How a kind of import goes when nothing is planned: the calls that it makes can be planned for. */
export const baseline = async (bench: Bench, kind: ImportUnderTest): Promise<Outcome> => {
  const one = { group: 'undisturbed', name: 'undisturbed', kind, ends: endOf(kind) };
  for (let tried = 1; ; tried += 1) {
    await calmMoment();
    const rested = await perform(bench, { ...one, plan: () => undisturbed });
    const outcome = await rested.judge();
    if (outcome.broken.length === 0 || tried === tries) return outcome;
  }
};

type When = 'before' | 'during' | 'after';

const momentsOf = (at: string): readonly When[] =>
  at.includes('PUT file') ? ['before', 'during', 'after'] : ['before', 'after'];

/** Imports that fail begin as others do. */
const isOfItsOwn =
  ({ fails }: ImportUnderTest) =>
  (at: string): boolean =>
    !fails || !at.startsWith('import-image');

/** Each request of several is a single import's; of what they make alike one is enough. */
const onceOfASort = (outcome: Outcome): Outcome => {
  const { run } = outcome;
  const isNew = createUnseen();
  const calls = run.calls.calls.filter((call) => call.step !== 'import-image' && isNew(call));
  return { ...outcome, run: { ...run, calls: { ...run.calls, calls } } };
};

/** As crashPoints, of the calls that the copy's processes make alone: its imports' others are those of other kinds. */
export const crashPointsOfCopy = (kind: ImportUnderTest, outcome: Outcome): Case[] => {
  const { run } = onceOfASort(outcome);
  const calls = run.calls.calls.filter(({ step }) => step === 'stream-image');
  return crashPoints(kind, { ...outcome, run: { ...run, calls: { ...run.calls, calls } } });
};

/** As crashPoints, of imports side by side. */
export const crashPointsOfSeveral = (kind: ImportUnderTest, outcome: Outcome): Case[] =>
  crashPoints(kind, onceOfASort(outcome));

/** The process dies before and after every call that the undisturbed import makes, and while its data is on its way. */
export const crashPoints = (kind: ImportUnderTest, { run }: Outcome): Case[] =>
  [...new Set(run.calls.calls.map(nameOf))].filter(isOfItsOwn(kind)).flatMap((at) =>
    momentsOf(at).map((when) => ({
      ...{ group: `${kind.name}: dies`, name: `dies ${when} ${at}`, kind, ends: endOf(kind) },
      plan: () => ({ fateOf: (call) => (nameOf(call) === at ? { kind: 'die', when } : pass) }),
    })),
  );
