import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MiB } from '../../lib/transfer/part-plan.ts';
import { bundle } from './bundles.ts';
import { type FunctionProcess, startFunction } from './measured-function.ts';
import { startNginx } from './nginx.ts';
import { alternate } from './rounds.ts';
import { shell } from './shell.ts';
import { type Sink, startSink } from './sink.ts';
import { pseudoRandomImage } from './source-image.ts';
import { type Stage, startStage } from './stage.ts';

// The ways to send an image from nginx to a discarding S3, one after the other.

export const size = Number(process.env['BENCH_MIB'] ?? 4096) * MiB;
export const rounds = Number(process.env['BENCH_ROUNDS'] ?? 5);

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

/** Starts servers and functions, and measures. @returns by contender: seconds of each round; CPU seconds where named so */
export const measureStreams = async () => {
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

    return { ...measured, processor };
  } finally {
    await Promise.all([streamImage.stop(), bareCopy.stop()]);
    await Promise.all([stage.stop(), nginx.stop(), sink.stop()]);
    await Promise.all([bundled.remove(), rm(dir, { recursive: true, force: true })]);
  }
};
