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

// Imports of one source at the same moment, each into the next region that is served.

interface Several {
  readonly count: number;
  readonly size: Size;
  readonly user?: string;
}

const preparing =
  ({ count, size, user = 'demo' }: Several): ImportUnderTest['prepare'] =>
  async (deployment: Deployment): Promise<PreparedImports> => {
    const orBytes: Prepared['orBytes'] = [];
    const wishes = Array.from({ length: count }, (_, index): Wish => {
      const region = servedRegions[index % servedRegions.length];
      return { size, user, orBytes, wanted: active(size), ...(region !== undefined && { region }) };
    });
    const [first, ...others] = wishes;
    if (!first) throw new Error('several imports are one at least');
    const source = await sourceFor(deployment, first);
    const prepare = (wish: Wish) => fromSource(deployment, source, wish);
    return [await prepare(first), ...(await Promise.all(others.map(prepare)))];
  };

const several = (deployment: DeploymentName, asked: Several): ImportUnderTest => ({
  ...{ name: `${asked.count} of one source`, starts: 'by request', deployment, fails: undefined },
  prepare: preparing(asked),
});

/** From two to eight imports of one source, whole or in segments. */
export const severalKinds: readonly ImportUnderTest[] = [2, 3, 5, 8].flatMap((count) => [
  several('standard', { count, size: 'small' }),
  { ...several('segments', { count, size: 'large' }), name: `${count} of one source in segments` },
]);

/** Of a project that may have one step at work at a time: its imports wait for each other. */
export const crowd: ImportUnderTest = {
  ...several('crowded', { count: 3, size: 'tiny', user: 'other' }),
  name: 'three that wait for their turn',
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
