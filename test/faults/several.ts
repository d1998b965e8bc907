import { randomUUID } from 'node:crypto';
import type { ImageView } from '../cloud/openstack/glance/record.ts';
import type { Call } from './call-log.ts';
import type { Deployment, DeploymentName } from './deployment.ts';
import {
  fromSource,
  type ImportUnderTest,
  type Prepared,
  type PreparedImports,
  sourceFor,
  type Wish,
} from './imports-under-test.ts';
import type { Outcome } from './one-run.ts';
import { servedRegions } from './regions.ts';
import { active, type Size } from './source-data.ts';

// Imports at the same moment, each into the next region that is served: of one source, or each of its own.

interface Several {
  readonly count: number;
  readonly size: Size;
  readonly user?: string;
  /** Of all targets. */
  readonly targetId?: () => string;
}

const wishesOf = ({ count, size, user = 'demo', targetId }: Several): readonly Wish[] => {
  const id = targetId?.();
  const orBytes: Prepared['orBytes'] = [];
  return Array.from({ length: count }, (_, index): Wish => {
    const region = servedRegions[index % servedRegions.length];
    const named = { ...(region !== undefined && { region }), ...(id !== undefined && { targetId: id }) };
    return { size, user, orBytes, wanted: active(size), ...named };
  });
};

const preparing =
  (asked: Several, sourceOf: (deployment: Deployment) => (wish: Wish) => Promise<ImageView>) =>
  async (deployment: Deployment): Promise<PreparedImports> => {
    const [first, ...others] = wishesOf(asked);
    if (!first) throw new Error('several imports are one at least');
    const source = sourceOf(deployment);
    const prepare = async (wish: Wish) => fromSource(deployment, await source(wish), wish);
    return [await prepare(first), ...(await Promise.all(others.map(prepare)))];
  };

const ofOneSource = (deployment: Deployment) => {
  let made: Promise<ImageView> | undefined;
  return (wish: Wish) => {
    made ??= sourceFor(deployment, wish);
    return made;
  };
};
const ofTheirOwn = (deployment: Deployment) => (wish: Wish) => sourceFor(deployment, wish);

const several = (deployment: DeploymentName, asked: Several): ImportUnderTest => ({
  ...{ name: `${asked.count} of one source`, starts: 'by request', deployment, fails: undefined },
  prepare: preparing(asked, ofOneSource),
});

/** So many imports of one source, whole or in segments. */
const ofEachSize = (count: number): readonly ImportUnderTest[] => [
  several('standard', { count, size: 'small' }),
  { ...several('segments', { count, size: 'large' }), name: `${count} of one source in segments` },
];

/** Eight imports of one source, and a ninth that is to join them late. */
export const nineKinds = ofEachSize(9);

/** From two to eight imports of one source. */
export const severalKinds: readonly ImportUnderTest[] = [
  ...[2, 3, 5, 8].flatMap(ofEachSize),
  {
    ...several('standard', { count: 2, size: 'small', targetId: randomUUID }),
    name: 'one image id in two regions',
  },
];

/** Those whose processes die at each of their calls; the others' calls are of the same sorts. */
export const severalThatDie = severalKinds.filter(({ name }) =>
  ['3 of one source', '2 of one source in segments', 'one image id in two regions'].includes(name),
);

/** Those of which the copy's processes die, and no others. */
export const eight = severalKinds.filter(({ name }) => name.startsWith('8 '));

/** Of a project that may have one step at work at a time: its imports wait for each other. */
export const crowd: ImportUnderTest = {
  ...{
    name: 'three that wait for their turn',
    starts: 'by request',
    deployment: 'crowded',
    fails: undefined,
  },
  prepare: preparing({ count: 3, size: 'tiny', user: 'other' }, ofTheirOwn),
};

const isWork = ({ service }: Call): boolean => service === 's3' || service === 'source';

/** Of an undisturbed run of the crowd only the calls of an attempt that found no seat; its others are everybody's. */
export const whileItWaits = (outcome: Outcome): Outcome => {
  const { run } = outcome;
  const ofStep = run.calls.calls.filter(({ step }) => step === 'stream-image');
  const attempts = [...Map.groupBy(ofStep, ({ invocation }) => invocation).values()];
  const calls = attempts.find((made) => !made.some(isWork)) ?? [];
  return { ...outcome, run: { ...run, calls: { ...run.calls, calls } } };
};
