import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GiB, MiB } from '../../lib/transfer/part-plan.ts';
import { bundle } from './bundles.ts';
import { type FunctionProcess, startFunction } from './measured-function.ts';
import { startNginx } from './nginx.ts';
import { judged, startReport } from './report.ts';
import { alternate, median, medianRatio } from './rounds.ts';
import { shell } from './shell.ts';
import { type Sink, startSink } from './sink.ts';
import { pseudoRandomImage } from './source-image.ts';
import { type Stage, startStage } from './stage.ts';

// One ordered stream from nginx into a discarding S3, against what a user would type instead.

const size = Number(process.env['BENCH_MIB'] ?? 4096) * MiB;
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 5);

/** Runs something that sends the image to the sink. @throws Error unless every byte has arrived there */
const checked = async <T>(sink: Sink, run: () => Promise<T>): Promise<T> => {
  await sink.received();
  const result = await run();
  const { bytes } = await sink.received();
  if (bytes !== size) throw new Error(`${bytes} bytes arrived instead of ${size}`);
  return result;
};

/** One import by the function stream-image, from its event to its answer. */
const ferry = async (stage: Stage, streamImage: FunctionProcess, imageId: string) => {
  await stage.requestImport(imageId);
  const { event, done } = await stage.nextEvent('STREAM_IMAGE');
  const used = await streamImage.invoke(event);
  await done();
  await (await stage.nextEvent('APPLY_METADATA')).done();
  return used;
};

const s3Settings = (sink: Sink) => ({
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
  AWS_DEFAULT_REGION: 'us-east-1',
  AWS_REGION: 'us-east-1',
  AWS_ENDPOINT_URL_S3: sink.url,
});

/** Settings of rclone and aws. Neither reads a configuration of this machine's user. */
const toolSettings = (sink: Sink, dir: string) => ({
  ...s3Settings(sink),
  AWS_CONFIG_FILE: join(dir, 'aws-config'),
  HOME: dir,
  RCLONE_S3_PROVIDER: 'Other',
  RCLONE_S3_ENDPOINT: sink.url,
  RCLONE_S3_ENV_AUTH: 'true',
  RCLONE_S3_NO_CHECK_BUCKET: 'true',
  RCLONE_S3_CHUNK_SIZE: '16M',
  RCLONE_S3_UPLOAD_CONCURRENCY: '4',
});

export const throughput = async (): Promise<void> => {
  const report = startReport();
  const dir = await mkdtemp(join(tmpdir(), 'glance-ferry-throughput-'));
  const [nginx, sink] = [await startNginx(dir), await startSink()];
  const bundled = await bundle(['stream-image']);
  const stage = await startStage(nginx.url, () => s3Settings(sink));
  const [streamImage, bareCopy] = [
    startFunction('stream-image', stage.env, { file: bundled.fileOf('stream-image') }),
    startFunction('bare-copy', s3Settings(sink), { file: join(import.meta.dirname, 'bare-copy.ts') }),
  ];
  try {
    const image = await pseudoRandomImage(size);
    await nginx.add(image);
    const url = `${nginx.url}/v2/images/${image.record.id}/file`;
    const data = join(dir, 'www/v2/images', image.record.id, 'file');
    const tools = toolSettings(sink, dir);
    const target = (name: string) => `${sink.url}/relay/${name}`;
    const run = async (command: string) => (await checked(sink, () => shell(command, tools))).seconds;
    const processor: number[] = [];

    const warmUp = await pseudoRandomImage(64 * MiB);
    await nginx.add(warmUp);
    await ferry(stage, streamImage, warmUp.record.id);
    await bareCopy.invoke({ url: `${nginx.url}/v2/images/${warmUp.record.id}/file` });

    const measured = await alternate(
      {
        'stream-image': async () => {
          const used = await checked(sink, () => ferry(stage, streamImage, image.record.id));
          processor.push(used.processorS);
          return used.seconds;
        },
        'curl | tee >(openssl) | curl': () =>
          run(
            `curl -sSf ${url} | tee >(openssl dgst -sha512 -r >${dir}/sha512) | curl -sSf -T - ${target('a')}`,
          ),
        'bare copy': async () => (await checked(sink, () => bareCopy.invoke({ url }))).seconds,
        'curl | curl': () => run(`curl -sSf ${url} | curl -sSf -T - ${target('b')}`),
        'rclone rcat': () => run(`curl -sSf ${url} | rclone rcat :s3:relay/c`),
        'aws s3 cp -': () =>
          run(
            `curl -sSf ${url} | aws --endpoint-url ${sink.url} s3 cp --expected-size ${size} - s3://relay/d`,
          ),
        'openssl dgst (CPU s)': async () => (await shell(`openssl dgst -sha512 ${data}`)).processorS,
      },
      rounds,
    );
    const hash = (await readFile(join(dir, 'sha512'), 'utf8')).split(' ')[0];
    if (hash !== image.record['os_hash_value']) throw new Error(`openssl found ${hash}`);

    const ours = measured['stream-image'];
    const [rclone, aws] = [measured['rclone rcat'], measured['aws s3 cp -']];
    const better = rclone.map((seconds, round) => Math.min(seconds, aws[round] ?? seconds));
    const rate = (values: readonly number[]) => `${Math.round(size / MiB / median(values))} MiB/s`;
    const perGiB = (values: readonly number[]) => `${((median(values) * GiB) / size).toFixed(2)} CPU s/GiB`;
    const alone = measured['openssl dgst (CPU s)'];
    const speed = (mine: readonly number[], theirs: readonly number[]) => medianRatio(theirs, mine);
    const pipeline = measured['curl | tee >(openssl) | curl'];
    const [bare, plain] = [measured['bare copy'], measured['curl | curl']];
    report({
      name: 'throughput',
      tables: [
        {
          head: ['one ordered stream', 'ours', 'side by side with', '', 'ratio', 'goal'],
          rows: [
            [
              'with sha512',
              rate(ours),
              '`curl \\| tee >(openssl dgst -sha512) \\| curl -T -`',
              rate(pipeline),
              ...judged(speed(ours, pipeline), { atLeast: 1 }),
            ],
            [
              'without hash',
              rate(bare),
              '`curl \\| curl -T -`',
              rate(plain),
              ...judged(speed(bare, plain), { atLeast: 0.9 }),
            ],
            [
              'with sha512; theirs without',
              rate(ours),
              'the better of `rclone rcat` and `aws s3 cp -`',
              `${rate(rclone)}, ${rate(aws)}`,
              ...judged(speed(ours, better), { atLeast: 1.5 }),
            ],
            [
              'CPU of the function',
              perGiB(processor),
              '`openssl dgst -sha512 FILE`',
              perGiB(alone),
              ...judged(medianRatio(processor, alone), { atMost: 2.5 }),
            ],
          ],
        },
      ],
      notes: [
        `${size / MiB} MiB of pseudo-random bytes in the page cache, given out by nginx (Debian’s) as a Glance would; the sink is an S3 that counts and throws away; each in its own process, all on this machine. Median of ${rounds} rounds, each with every contender in turn; ratios are medians of the rounds' ratios.`,
        '`stream-image` is the function itself, bundled and warm, in its own process, with checkpoints in an emulated DynamoDB in a process beside it. It always takes a sha512, so the row without hash is `lib/transfer` and the relay store alone (`test/bench/bare-copy.ts`).',
        'rclone sends 16 MiB parts, four at once, as the function does; aws has its own defaults (8 MiB, ten at once).',
      ],
      tools: [
        ['curl', '--version'],
        ['openssl', 'version'],
        ['rclone', 'version'],
        ['/usr/bin/aws', '--version'],
      ],
    });
  } finally {
    await Promise.all([streamImage.stop(), bareCopy.stop()]);
    await Promise.all([stage.stop(), nginx.stop(), sink.stop()]);
    await Promise.all([bundled.remove(), rm(dir, { recursive: true, force: true })]);
  }
};
