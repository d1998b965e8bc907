import { GiB, MiB } from '../../lib/transfer/part-plan.ts';
import type { ImageView } from '../cloud/openstack/glance/record.ts';
import { startFunctions } from '../load/functions.ts';
import { countCopies } from './copy-requests.ts';
import { untilCalm } from './processor-time.ts';
import { type RegionStage, startRegionStage } from './region-stage.ts';
import { judged, startReport } from './report.ts';
import { alternate, median, medianRatio } from './rounds.ts';

// One source to several regions at once: read once, beside as many imports that share nothing.

const size = Number(process.env['BENCH_MIB'] ?? GiB / MiB) * MiB;
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 3);
const counts = [1, 2, 4, 8] as const;
const most = 8;

type Way = 'one copy' | 'one after the other' | 'all at once';
const ways = ['one copy', 'one after the other', 'all at once'] as const satisfies readonly Way[];

const times = <T>(count: number, make: (index: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, index) => make(index));

/** Asks for all of them at the same moment. */
const atOnce = async (stage: RegionStage, sources: readonly ImageView[]): Promise<void> => {
  await Promise.all(
    sources.map(async (source, index) => stage.untilActive(await stage.request(source, index + 1), source)),
  );
};

const inTurn = async (stage: RegionStage, sources: readonly ImageView[]): Promise<void> => {
  for (const [index, source] of sources.entries())
    await stage.untilActive(await stage.request(source, index + 1), source);
};

/** Images of their own, though of the same bytes: nothing is shared. */
const sourcesOf = async (stage: RegionStage, way: Way, count: number): Promise<readonly ImageView[]> => {
  const own = await Promise.all(times(way === 'one copy' ? 1 : count, () => stage.newSource(size)));
  return times(count, (index) => own[index % own.length] as ImageView);
};

/** @returns seconds from the first POST until all are active, and how often each byte was read from the sources */
const measure = async (stage: RegionStage, way: Way, count: number) => {
  const sources = await sourcesOf(stage, way, count);
  await untilCalm();
  const startedMs = performance.now();
  await (way === 'one after the other' ? inTurn : atOnce)(stage, sources);
  const seconds = (performance.now() - startedMs) / 1000;
  await stage.untilIdle();
  const read = [...new Set(sources)].reduce((sum, source) => sum + stage.bytesRead(source), 0);
  return { seconds, read: read / size };
};

const measureAll = async () => {
  const stage = await startRegionStage(most);
  const functions = startFunctions(stage);
  const reads = new Map<string, number>();
  const nameOf = (way: Way, count: number): string => `${way}: ${count}`;
  const contender = (way: Way, count: number) => async () => {
    const { seconds, read } = await measure(stage, way, count);
    reads.set(nameOf(way, count), Math.max(read, reads.get(nameOf(way, count)) ?? 0));
    return seconds;
  };
  try {
    await atOnce(stage, await sourcesOf(stage, 'all at once', most)); // warm
    await stage.untilIdle();
    const contenders = counts.flatMap((count) =>
      ways.map((way) => [nameOf(way, count), contender(way, count)] as const),
    );
    const seconds = await alternate(Object.fromEntries(contenders), rounds);
    if (functions.complaints.length > 0) throw new Error(functions.complaints.join('\n'));
    return {
      secondsOf: (way: Way, count: number) => seconds[nameOf(way, count)] ?? [],
      readOf: (way: Way, count: number) => reads.get(nameOf(way, count)) ?? Number.NaN,
    };
  } finally {
    await functions.stop();
    await stage.stop();
  }
};

type Measured = Awaited<ReturnType<typeof measureAll>>;

const row = ({ secondsOf, readOf }: Measured, count: number): readonly string[] => {
  const [one, inTurn, atOnce] = ways.map((way) => secondsOf(way, count));
  const ratio = (to: readonly number[] = [], atMost: number) => {
    const [value, verdict] = judged(medianRatio(one ?? [], to), { atMost });
    return count === most ? `${value}, ${verdict}` : value;
  };
  const seconds = (values: readonly number[] = []) => `${median(values).toFixed(1)} s`;
  return [
    `${count}`,
    `${readOf('one copy', count).toFixed(2)} ×; ${readOf('all at once', count).toFixed(2)} ×`,
    seconds(one),
    seconds(inTurn),
    ratio(inTurn, 0.6),
    seconds(atOnce),
    ratio(atOnce, 0.85),
  ];
};

export const copies = async (): Promise<void> => {
  const report = startReport();
  const measured = await measureAll();
  const { shared, alone } = await countCopies(size, most);
  const usd = (value: number) => `$${value.toPrecision(2)}`;
  report({
    name: 'copies',
    tables: [
      {
        head: [
          'regions',
          'read from the source; by imports alone',
          'one copy',
          'as many alone, one after the other',
          'ratio',
          'all at once',
          'ratio',
        ],
        rows: counts.map((count) => row(measured, count)),
      },
      {
        head: [`an image to ${most} regions`, 'one copy', `${most} imports alone`, 'ratio', 'goal'],
        rows: [
          [
            'requests to S3, SQS and DynamoDB',
            `${shared.requests}`,
            `${alone.requests}`,
            ...judged(shared.requests / alone.requests, { atMost: 0.6 }),
          ],
          [
            'USD',
            usd(shared.total),
            usd(alone.total),
            ...judged(shared.total / alone.total, { atMost: 0.6 }),
          ],
        ],
      },
    ],
    notes: [
      `${size / MiB} MiB to so many regions of the emulated cloud, from the first POST until all are active; the functions bundled, at the default concurrency of a deployment, each invocation in a process of its own, and everything on this machine. Median of ${rounds} rounds, in turn; ratios are medians of the rounds' ratios. Beside one copy: imports of images of their own with the same bytes, which share nothing. \`PROJECT_SHARE_PERCENT=100\`: all are of one project. The targets are emulated on the same processors: they compute the sha512 of what they are given, and no md5.`,
      'Read from the source: bytes that the emulated Glance has sent, in images; the byte by which who joins a copy proves his right is not in it.',
      'Requests are counted by proxies, with all imports asked for before the first is served; USD as in [Requests and money](#requests-and-money).',
    ],
  });
};
