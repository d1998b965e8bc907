import { MiB } from '../../lib/transfer/part-plan.ts';
import { bundle } from './bundles.ts';
import { type FunctionProcess, startFunction } from './measured-function.ts';
import { judged, startReport } from './report.ts';
import { alternate, median, medianRatio } from './rounds.ts';
import { startServerProcess } from './server-process.ts';
import { startSink } from './sink.ts';
import { madeUpId } from './source-image.ts';
import { type Stage, startStage } from './stage.ts';

// Segments side by side from a source that gives each connection 40 MB a second, 20 ms away.

const size = Number(process.env['BENCH_MIB'] ?? 1024) * MiB;
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 5);
const counts = [1, 2, 4, 8, 16] as const;
const judgedUpTo = 8;

type Count = (typeof counts)[number];

const isWhole = (event: unknown): boolean => !JSON.stringify(event).includes(String.raw`\"row\"`);

/** Hands segments to a function until the message comes that all are copied. */
const serve = async (stage: Stage, streamImage: FunctionProcess, over: AbortController): Promise<void> => {
  while (!over.signal.aborted) {
    const next = await stage.nextEvent('STREAM_IMAGE').catch(() => undefined);
    if (next && isWhole(next.event)) over.abort();
    else if (next) await streamImage.invoke(next.event);
    await next?.done();
  }
};

/** Seconds from the first message of a segment to the message that all are copied; of one, of the whole copy. */
const copy = async (stage: Stage, functions: readonly FunctionProcess[]): Promise<number> => {
  const [first] = functions;
  if (!first) throw new Error('no function');
  await stage.requestImport(madeUpId(size));
  const { event, done } = await stage.nextEvent('STREAM_IMAGE');
  const { seconds } = await first.invoke(event);
  await done();
  if (functions.length === 1) {
    await (await stage.nextEvent('APPLY_METADATA')).done();
    return seconds;
  }
  const over = new AbortController();
  const startedMs = performance.now();
  const ended = new Promise<number>((resolve) => {
    over.signal.addEventListener('abort', () => resolve((performance.now() - startedMs) / 1000));
  });
  const serving = functions.map((one) => serve(stage, one, over));
  const took = await ended;
  await Promise.all(serving);
  return took;
};

/** As many functions as segments, each segment a share of the image. */
const startFunctions = (stage: Stage, file: string, count: Count): readonly FunctionProcess[] =>
  Array.from({ length: count }, () =>
    startFunction(
      'stream-image',
      {
        ...stage.env,
        SEGMENTS_AT_ONCE: `${count}`,
        SEGMENT_SIZE_MIB: `${Math.ceil(size / MiB / count)}`,
      },
      { file },
    ),
  );

export const segments = async (): Promise<void> => {
  const report = startReport();
  const bundled = await bundle(['stream-image']);
  const source = await startServerProcess('distant-source-process.ts');
  const sink = await startSink();
  const stage = await startStage(source.url, () => ({
    AWS_ENDPOINT_URL_S3: sink.url,
    PART_SIZE_MIB: '8',
  }));
  const started: FunctionProcess[] = [];
  try {
    const contenders = Object.fromEntries(
      counts.map((count) => {
        const functions = startFunctions(stage, bundled.fileOf('stream-image'), count);
        started.push(...functions);
        return [`${count}`, () => copy(stage, functions)];
      }),
    );
    const times = await alternate(contenders, rounds);
    const one = times['1'] ?? [];
    report({
      name: 'segments',
      tables: [
        {
          head: ['segments at once', 'time', 'rate', 'faster than one', 'goal'],
          rows: counts.map((count) => {
            const took = times[`${count}`] ?? [];
            const rate = `${(size / 1e6 / median(took)).toFixed(0)} MB/s`;
            const [ratio, goal] = judged(medianRatio(one, took), { atLeast: 0.9 * count });
            return [
              `${count}`,
              `${median(took).toFixed(2)} s`,
              rate,
              ratio,
              count > 1 && count <= judgedUpTo ? goal : '–',
            ];
          }),
        },
      ],
      notes: [
        `${size / MiB} MiB in parts of 8 MiB from a source that gives 40 MB/s to each connection and answers 20 ms late (\`test/bench/distant-source-process.ts\`: a model, without the TCP windows of a real distance), into a discarding S3. A process for each segment, as on Lambda, all on this machine. Median of ${rounds} rounds, in turn.`,
        'From the first message of a segment to the message that all are copied; one at once is the ordered stream, which takes its sha512 on the way. The others are read once more to be proven, which is not in these times (docs/scale.md tells when they pay).',
      ],
    });
  } finally {
    await Promise.all(started.map((function_) => function_.stop()));
    await Promise.all([stage.stop(), source.stop(), sink.stop(), bundled.remove()]);
  }
};
