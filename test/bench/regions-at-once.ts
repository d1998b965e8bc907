import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { MiB } from '../../lib/transfer/part-plan.ts';
import { type Ask, askUpstream, besideS3, deploy, functionNames } from './at-once-contenders.ts';
import { bundle } from './bundles.ts';
import { machineBusySeconds, processorSeconds, processorSecondsOf, untilCalm } from './processor-time.ts';
import { hasRealCloud, type RealCloud } from './real-cloud.ts';
import { newSource } from './regions.ts';
import { judged, startReport } from './report.ts';
import { alternate, median, medianRatio } from './rounds.ts';
import { startServerProcess } from './server-process.ts';
import { bytesReadOf } from './source-meter.ts';

// One image to two regions of a real OpenStack at once, beside upstream's glance-download of it in both.

const imageSize = Number(process.env['BENCH_MIB'] ?? 2048) * MiB;
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 5);

/** Of the machine's cores: what was used of them, and what the relay's store had of that. */
interface Share {
  readonly all: number;
  readonly store: number;
  /** CPU seconds of everything but the stores of either deployment. */
  readonly othersS: number;
}

/** One of those who are compared. */
interface Side {
  readonly ask: Ask;
  /** CPU seconds of its relay's store since that one's start. */
  readonly storeSeconds: () => number;
  /** The same of both stores: the one that is not in use is not idle altogether. */
  readonly storesSeconds: () => number;
  readonly shares: Share[];
}

/** @returns seconds until the image is active in all regions */
const measure = async (
  cloud: RealCloud,
  sourceId: string,
  { ask, storeSeconds, storesSeconds, shares }: Side,
) => {
  const made = await Promise.all(cloud.targets.map((at) => cloud.newTarget(at)));
  await untilCalm();
  const used = () => ({ all: machineBusySeconds(), store: storeSeconds(), stores: storesSeconds() });
  const [startedMs, before] = [performance.now(), used()];
  await ask(sourceId, made);
  await Promise.all(made.map((id, index) => cloud.untilActive(id, { at: cloud.targets[index] })));
  const seconds = (performance.now() - startedMs) / 1000;
  const available = seconds * availableParallelism();
  const after = used();
  const allS = after.all - before.all;
  shares.push({
    all: allS / available,
    store: (after.store - before.store) / available,
    othersS: allS - (after.stores - before.stores),
  });
  await Promise.all(made.map((id, index) => cloud.removeTarget(id, cloud.targets[index])));
  return seconds;
};

/** Images' worth of bytes that the source's region gives out: a byte of each proof of rights is not seen in it. */
const timesRead = async (cloud: RealCloud, sourceId: string, side: Side): Promise<number> =>
  (await bytesReadOf(cloud.source, async () => {
    await cloud.renewToken();
    await measure(cloud, sourceId, { ...side, shares: [] });
  })) / imageSize;

const percent = (side: Side, of: 'all' | 'store'): string =>
  `${Math.round(100 * median(side.shares.map((share) => share[of])))} %`;

const othersOf = ({ shares }: Side): readonly number[] => shares.map(({ othersS }) => othersS);

const seconds = (values: readonly number[]): string =>
  `${median(values).toFixed(1)} s (${values.map((value) => value.toFixed(1)).join(', ')})`;

export const regionsAtOnce = async (): Promise<void> => {
  if (!hasRealCloud() || !process.env['OTHER_REGION'])
    return console.log('No OPENRC, or no OTHER_REGION, is set: see test/bench/real-cloud.ts');
  const report = startReport();
  const { fileOf, remove } = await bundle(functionNames);
  const dataDir = await mkdtemp(join(tmpdir(), 'glance-ferry-store-'));
  const s3 = await startServerProcess('./store-process.ts', [dataDir]);
  const own = await deploy(fileOf);
  const beside = await deploy(fileOf, besideS3(s3.url));
  const { cloud } = own;
  const [ofSwift, ofS3] = [() => processorSecondsOf('swift'), () => processorSeconds(s3.pid)];
  const storesSeconds = () => ofSwift() + ofS3();
  const swift: Side = { ask: own.ask, storeSeconds: ofSwift, storesSeconds, shares: [] };
  const small: Side = { ask: beside.ask, storeSeconds: ofS3, storesSeconds, shares: [] };
  const theirs: Side = { ask: askUpstream(cloud), storeSeconds: ofSwift, storesSeconds, shares: [] };
  try {
    const little = await newSource(cloud, 16 * MiB);
    for (const side of [swift, small]) await measure(cloud, little, { ...side, shares: [] }); // warm, as the servers are
    const sourceId = await newSource(cloud, imageSize);
    const times = await alternate(
      {
        'ours, through Swift': () => measure(cloud, sourceId, swift),
        'ours, through S3': () => measure(cloud, sourceId, small),
        upstream: () => measure(cloud, sourceId, theirs),
      },
      rounds,
    );
    const read = {
      ours: await timesRead(cloud, sourceId, swift),
      upstream: await timesRead(cloud, sourceId, theirs),
    };
    for (const { requireQuiet } of [own, beside]) requireQuiet();
    const compared = (what: string, ours: readonly number[]) => [
      `POST to active in both, the relay in ${what}`,
      seconds(ours),
      seconds(times.upstream),
      ...judged(medianRatio(ours, times.upstream), { atMost: 1 }),
    ];
    report({
      name: 'regions-at-once',
      tables: [
        {
          head: [`${imageSize / MiB} MiB to two regions`, 'ours', 'upstream in both', 'ratio', 'goal'],
          rows: [
            compared('Swift', times['ours, through Swift']),
            compared('an S3 beside it', times['ours, through S3']),
            [
              'CPU of all but the stores (functions, Keystone, Glances), the relay in that S3',
              ...[small, theirs].map((side) => `${median(othersOf(side)).toFixed(1)} s`),
              `**${medianRatio(othersOf(small), othersOf(theirs)).toFixed(2)} ×**`,
              '–',
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
        `The S3 beside it is the emulated one, in a process of its own, which keeps every part as a file and takes its md5: AWS has its own elsewhere, and it costs this machine nothing. The functions have a deployment's own settings there, and Swift's (PART_CHECKSUM=${process.env['PART_CHECKSUM'] ?? 'crc32'}, PART_SIZE_MIB=${process.env['PART_SIZE_MIB'] ?? '16'}) with Swift.`,
        `Of both cores ${percent(swift, 'all')} are in use with ours and Swift, ${percent(small, 'all')} with ours and S3, ${percent(theirs, 'all')} with upstream. Of them the relay's store, through which upstream does not go, has ${percent(swift, 'store')} where it is Swift and ${percent(small, 'store')} where it is S3.`,
      ],
    });
  } finally {
    for (const { stop } of [beside, own]) await stop();
    await Promise.all([s3.stop(), remove(), rm(dataDir, { recursive: true, force: true })]);
  }
};
