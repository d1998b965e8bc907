import { createWriteStream } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { MiB } from '../../lib/transfer/part-plan.ts';
import { madeUpData } from '../cloud/openstack/glance/made-up.ts';
import { bundle } from './bundles.ts';
import { type FunctionProcess, profiledOr, startFunction, type Used } from './measured-function.ts';
import { machineBusySeconds, untilCalm } from './processor-time.ts';
import { hasRealCloud, type RealCloud, startRealCloud } from './real-cloud.ts';
import { judged, startReport } from './report.ts';
import { alternate, median, medianRatio } from './rounds.ts';
import { requireCreated } from './stage.ts';

// From region to region on a real OpenStack, beside upstream's glance-download of the same image.

const imageSize = Number(process.env['BENCH_MIB'] ?? 2048) * MiB;
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 5);

const names = ['import-image', 'stream-image', 'apply-metadata'] as const;
type Functions = Readonly<Record<(typeof names)[number], FunctionProcess>>;

interface OurTimes {
  /** Source to finished, verified object in the relay. */
  readonly relayedS: number;
  /** POST to active. */
  readonly activeS: number;
  /** Of each function: how much of both cores it used, and everything together. */
  readonly shares: readonly { readonly own: number; readonly all: number }[];
}

/** An invocation, and what share of the machine's cores it and everything together used meanwhile. */
const sharing = async (
  run: () => Promise<Used>,
): Promise<{ readonly used: Used; readonly own: number; readonly all: number }> => {
  const busyBefore = machineBusySeconds();
  const used = await run();
  const available = used.seconds * availableParallelism();
  return { used, own: used.processorS / available, all: (machineBusySeconds() - busyBefore) / available };
};

/** Both functions that move bytes, as their queues would start them. */
const transfer = async (cloud: RealCloud, functions: Functions) => {
  const stream = await cloud.nextEvent('STREAM_IMAGE');
  const streamed = await sharing(() => functions['stream-image'].invoke(stream.event));
  await stream.done();
  const apply = await cloud.nextEvent('APPLY_METADATA');
  const applied = await sharing(() => functions['apply-metadata'].invoke(apply.event));
  await apply.done();
  return [streamed, applied] as const;
};

const ours = async (cloud: RealCloud, functions: Functions, sourceId: string): Promise<OurTimes> => {
  const target = await cloud.newTarget();
  await untilCalm();
  const startedMs = performance.now();
  const { result } = await functions['import-image'].invoke(cloud.importEvent(sourceId, target));
  requireCreated(result);
  const [shares, activeS] = await Promise.all([
    transfer(cloud, functions),
    cloud.untilActive(target).then(() => (performance.now() - startedMs) / 1000),
  ]);
  await cloud.removeTarget(target);
  return { relayedS: shares[0].used.seconds, activeS, shares };
};

const upstream = async (cloud: RealCloud, sourceId: string, store: string): Promise<number> => {
  const target = await cloud.newTarget();
  await untilCalm();
  const startedMs = performance.now();
  const status = await cloud.upstreamImport(sourceId, target, [store]);
  if (status !== 202) throw new Error(`upstream answered ${status}`);
  await cloud.untilActive(target);
  const seconds = (performance.now() - startedMs) / 1000;
  await cloud.removeTarget(target);
  return seconds;
};

/** An active image of the source's region, of made-up bytes. */
export const newSource = async (cloud: RealCloud, size: number): Promise<string> => {
  const file = join(cloud.dataDir, `${size}`);
  await pipeline(Readable.from(madeUpData({ size, seed: 1 }).open(0, size)), createWriteStream(file));
  return await cloud.newSource(file);
};

const measure = async (cloud: RealCloud, functions: Functions) => {
  const sourceId = await newSource(cloud, imageSize);
  await ours(cloud, functions, await newSource(cloud, 16 * MiB)); // warm, as the servers are
  const relayed: number[] = [];
  const shares: OurTimes['shares'][] = [];
  const times = await alternate(
    {
      ours: async () => {
        const { relayedS, activeS, shares: used } = await ours(cloud, functions, sourceId);
        relayed.push(relayedS);
        shares.push(used);
        return activeS;
      },
      swift: () => upstream(cloud, sourceId, process.env['BENCH_OBJECT_STORE'] ?? 'swift'),
      files: () => upstream(cloud, sourceId, process.env['BENCH_FILE_STORE'] ?? 'files'),
    },
    rounds,
  );
  return { ...times, relayed, shares };
};

export const regions = async (): Promise<void> => {
  if (!hasRealCloud()) return console.log('No OPENRC is set: see test/bench/real-cloud.ts');
  const report = startReport();
  const { fileOf, remove } = await bundle(names);
  const cloud = await startRealCloud();
  const functions = Object.fromEntries(
    names.map((name) => [name, startFunction(name, cloud.env, profiledOr({ file: fileOf(name) }))]),
  ) as Functions;
  try {
    const times = await measure(cloud, functions);
    const share = (step: number, of: 'own' | 'all') =>
      `${Math.round(100 * median(times.shares.map((used) => used[step]?.[of] ?? Number.NaN)))} %`;
    const seconds = (values: readonly number[]) =>
      `${median(values).toFixed(1)} s (${values.map((value) => value.toFixed(1)).join(', ')})`;
    report({
      name: 'regions',
      tables: [
        {
          head: [
            `${imageSize / MiB} MiB, region to region`,
            'ours',
            'upstream glance-download',
            'ratio',
            'goal',
          ],
          rows: [
            [
              'source to finished, verified object; upstream into its swift store',
              seconds(times.relayed),
              seconds(times.swift),
              ...judged(medianRatio(times.swift, times.relayed), { atLeast: 2.5 }),
            ],
            [
              'POST to active, activation `upload`; upstream into its file store',
              seconds(times.ours),
              seconds(times.files),
              ...judged(medianRatio(times.files, times.ours), { atLeast: 1 }),
            ],
          ],
        },
      ],
      notes: [
        `Real Keystone, two Glances and Swift (S3 API: relay, PART_CHECKSUM=${process.env['PART_CHECKSUM'] ?? 'crc32'}, PART_SIZE_MIB=${process.env['PART_SIZE_MIB'] ?? '16'}, PARTS_IN_FLIGHT=${process.env['PARTS_IN_FLIGHT'] ?? '4'}) on this machine; the functions in processes of their own. ${rounds} rounds, contenders in turn, each when the disk has what the last one wrote. Whether the target is active is asked four times a second, of both.`,
        `Of both cores, stream-image uses ${share(0, 'own')} while it runs, apply-metadata ${share(1, 'own')}; with Keystone, Glance and Swift beside them they are busy to ${share(0, 'all')} and ${share(1, 'all')}: what is left is theirs.`,
      ],
    });
  } finally {
    await Promise.all(Object.values(functions).map((one) => one.stop()));
    await Promise.all([cloud.stop(), remove()]);
  }
};
