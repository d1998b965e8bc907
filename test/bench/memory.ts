import { GiB } from '../../lib/transfer/part-plan.ts';
import { bundle } from './bundles.ts';
import { startFunction } from './measured-function.ts';
import { startReport } from './report.ts';
import { median } from './rounds.ts';
import { startServerProcess } from './server-process.ts';
import { type Sink, startSink } from './sink.ts';
import { madeUpId } from './source-image.ts';
import { type Stage, startStage } from './stage.ts';

// Peak memory of the function stream-image by size of the image.

/** GiB, and how often: the largest takes a quarter of an hour. */
const runs: readonly (readonly [number, number])[] = (
  process.env['BENCH_GIB']?.split(',') ?? ['1', '16', '128']
).map((gib) => [Number(gib), Number(gib) > 16 ? 1 : Number(gib) > 1 ? 3 : 5]);
const mostMiB = 256;
const within = 1.1;

interface Peak {
  readonly gib: number;
  readonly peaksMiB: readonly number[];
  readonly seconds: number;
  readonly times: number;
}

interface Scene {
  readonly stage: Stage;
  readonly sink: Sink;
  /** The bundled function. */
  readonly file: string;
}

/** One import by a fresh process. */
const copyOnce = async ({ stage, sink, file }: Scene, size: number) => {
  const streamImage = startFunction('stream-image', stage.env, { file });
  try {
    await sink.received();
    await stage.requestImport(madeUpId(size));
    const { event, done } = await stage.nextEvent('STREAM_IMAGE');
    const used = await streamImage.invoke(event);
    await done();
    await (await stage.nextEvent('APPLY_METADATA')).done();
    const { bytes } = await sink.received();
    if (bytes !== size) throw new Error(`${bytes} bytes arrived instead of ${size}`);
    return used;
  } finally {
    await streamImage.stop();
  }
};

const measure = async (scene: Scene): Promise<readonly Peak[]> => {
  const peaks: Peak[] = [];
  for (const [gib, times] of runs) {
    const used = [];
    for (let time = 0; time < times; time += 1) used.push(await copyOnce(scene, gib * GiB));
    const peaksMiB = used.map(({ peakMiB }) => peakMiB);
    peaks.push({ gib, peaksMiB, seconds: median(used.map(({ seconds }) => seconds)), times });
    console.log(`${gib} GiB: ${peaksMiB.map((peak) => peak.toFixed(0)).join(', ')} MiB`);
  }
  return peaks;
};

export const memory = async (): Promise<void> => {
  const report = startReport();
  const [source, sink] = [await startServerProcess('made-up-process.ts'), await startSink()];
  const { fileOf, remove } = await bundle(['stream-image']);
  const stage = await startStage(source.url, () => ({ AWS_ENDPOINT_URL_S3: sink.url }));
  try {
    const peaks = await measure({ stage, sink, file: fileOf('stream-image') });
    const medians = peaks.map(({ peaksMiB }) => median(peaksMiB));
    const spread = Math.max(...medians) / Math.min(...medians);
    const rows = peaks.map(({ gib, peaksMiB, seconds, times }) => [
      `${gib} GiB`,
      `${median(peaksMiB).toFixed(0)} MiB`,
      `${times}`,
      `${((gib * 1024) / seconds).toFixed(0)} MiB/s`,
    ]);
    const isSmall = Math.max(...medians) <= mostMiB;
    report({
      name: 'memory',
      tables: [{ head: ['image', 'peak memory (RSS), median', 'runs', 'rate'], rows }],
      notes: [
        `Goal ≤ ${mostMiB} MiB: ${isSmall ? 'met' : '**not met**'}. Goal within 10 % of each other: ${spread <= within ? 'met' : '**not met**'} (${((spread - 1) * 100).toFixed(0)} %).`,
        'The bundled function stream-image, each time in a fresh process; `VmHWM` of that process, so with Node itself. The source makes its bytes up, the sink throws them away. 16 MiB parts, four in flight.',
      ],
    });
  } finally {
    await Promise.all([stage.stop(), source.stop(), sink.stop(), remove()]);
  }
};
