import { availableParallelism } from 'node:os';
import { MiB } from '../../lib/transfer/part-plan.ts';
import { startFunctions } from '../load/functions.ts';
import { bundle } from './bundles.ts';
import { type FunctionProcess, startFunction } from './measured-function.ts';
import { machineBusySeconds, processorSecondsOf, untilCalm } from './processor-time.ts';
import { hasRealCloud, type RealCloud, startRealCloud } from './real-cloud.ts';
import { newSource } from './regions.ts';
import { judged, startReport } from './report.ts';
import { alternate, median, medianRatio } from './rounds.ts';
import { bytesReadOf } from './source-meter.ts';
import { requireCreated } from './stage.ts';

// One image to two regions of a real OpenStack at once, beside upstream's glance-download of it in both.

const imageSize = Number(process.env['BENCH_MIB'] ?? 2048) * MiB;
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 5);

const names = ['import-image', 'stream-image', 'apply-metadata', 'fail-import'] as const;

/** Asks for an import into each region. */
type Ask = (sourceId: string, targets: readonly string[]) => Promise<void>;

const askOurs =
  (cloud: RealCloud, importImage: FunctionProcess): Ask =>
  async (sourceId, targets) => {
    for (const [index, target] of targets.entries()) {
      const event = await cloud.importEvent(sourceId, target, cloud.targets[index]);
      requireCreated((await importImage.invoke(event)).result);
    }
  };

const askUpstream =
  (cloud: RealCloud): Ask =>
  async (sourceId, targets) => {
    const asked = targets.map((target, index) =>
      cloud.upstreamImport(sourceId, target, undefined, cloud.targets[index]),
    );
    const refused = (await Promise.all(asked)).find((status) => status !== 202);
    if (refused) throw new Error(`upstream answered ${refused}`);
  };

/** Of the machine's cores: what was used of them, and what the relay's store had of that. */
interface Share {
  readonly all: number;
  readonly store: number;
}

/** What runs as the relay's store, by its command line. */
const store = 'swift';

/** @returns seconds until the image is active in all regions */
const measure = async (
  cloud: RealCloud,
  ask: Ask,
  sourceId: string,
  shares: Share[] = [],
): Promise<number> => {
  const made = await Promise.all(cloud.targets.map((at) => cloud.newTarget(at)));
  await untilCalm();
  const [startedMs, busyS, storeS] = [performance.now(), machineBusySeconds(), processorSecondsOf(store)];
  await ask(sourceId, made);
  await Promise.all(made.map((id, index) => cloud.untilActive(id, { at: cloud.targets[index] })));
  const seconds = (performance.now() - startedMs) / 1000;
  const available = seconds * availableParallelism();
  shares.push({
    all: (machineBusySeconds() - busyS) / available,
    store: (processorSecondsOf(store) - storeS) / available,
  });
  await Promise.all(made.map((id, index) => cloud.removeTarget(id, cloud.targets[index])));
  return seconds;
};

/** Images' worth of bytes that the source's region gives out: a byte of each proof of rights is not seen in it. */
const timesRead = async (cloud: RealCloud, ask: Ask, sourceId: string): Promise<number> =>
  (await bytesReadOf(cloud.source, async () => {
    await cloud.renewToken();
    await measure(cloud, ask, sourceId);
  })) / imageSize;

export const regionsAtOnce = async (): Promise<void> => {
  if (!hasRealCloud() || !process.env['OTHER_REGION'])
    return console.log('No OPENRC, or no OTHER_REGION, is set: see test/bench/real-cloud.ts');
  const report = startReport();
  const { fileOf, remove } = await bundle(names);
  const cloud = await startRealCloud();
  const env = { ...cloud.env, OS_TARGET_REGIONS: '*', PROJECT_SHARE_PERCENT: '100' };
  const importImage = startFunction('import-image', env, { file: fileOf('import-image') });
  const functions = startFunctions({ env, fileOf, aws: { queues: cloud.queues } });
  const contenders = { ours: askOurs(cloud, importImage), upstream: askUpstream(cloud) };
  const shares: Record<keyof typeof contenders, Share[]> = { ours: [], upstream: [] };
  try {
    await measure(cloud, contenders.ours, await newSource(cloud, 16 * MiB)); // warm, as the servers are
    const sourceId = await newSource(cloud, imageSize);
    const { ours, upstream } = await alternate(
      {
        ours: () => measure(cloud, contenders.ours, sourceId, shares.ours),
        upstream: () => measure(cloud, contenders.upstream, sourceId, shares.upstream),
      },
      rounds,
    );
    const read = {
      ours: await timesRead(cloud, contenders.ours, sourceId),
      upstream: await timesRead(cloud, contenders.upstream, sourceId),
    };
    if (functions.complaints.length > 0) throw new Error(functions.complaints.join('\n'));
    const percent = (whose: keyof typeof shares, of: keyof Share): string =>
      `${Math.round(100 * median(shares[whose].map((share) => share[of])))} %`;
    const seconds = (values: readonly number[]) =>
      `${median(values).toFixed(1)} s (${values.map((value) => value.toFixed(1)).join(', ')})`;
    report({
      name: 'regions-at-once',
      tables: [
        {
          head: [`${imageSize / MiB} MiB to two regions`, 'ours', 'upstream in both', 'ratio', 'goal'],
          rows: [
            [
              'POST to active in both',
              seconds(ours),
              seconds(upstream),
              ...judged(medianRatio(ours, upstream), { atMost: 1 }),
            ],
            [
              'read from the source, in images',
              `${read.ours.toFixed(2)} ×`,
              `${read.upstream.toFixed(2)} ×`,
              ...judged(read.ours / read.upstream, { atMost: 0.51 }),
            ],
          ],
        },
      ],
      notes: [
        `Real Keystone, three Glances and Swift on this machine; the functions bundled, each invocation in a process of its own. ${rounds} rounds, in turn, each when the disk has what the last one wrote. Upstream puts the image into each region's default store. Bytes are counted in a further round of each, by a proxy that the catalog names as the source's Glance meanwhile.`,
        `Of both cores ${percent('ours', 'all')} are in use with ours, ${percent('upstream', 'all')} with upstream; the relay's store (Swift), through which upstream does not go, has ${percent('ours', 'store')} and ${percent('upstream', 'store')} of them.`,
      ],
    });
  } finally {
    await Promise.all([importImage.stop(), functions.stop()]);
    await Promise.all([cloud.stop(), remove()]);
  }
};
