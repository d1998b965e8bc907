import { createSqsClient } from '../lib/aws/queue.ts';
import { requireIdentity } from '../lib/aws/require-identity.ts';
import { loadConfig } from '../lib/config.ts';
import { log } from '../lib/log.ts';
import { stopOnSignals } from '../lib/stop-on-signals.ts';
import { consume, type Handler } from './consumer.ts';
import { contextOf } from './context.ts';

// The queues' functions in a process of one's own, without Lambda and without its limit on time:
// `node worker/worker.ts [stream-image] [apply-metadata] [fail-import] [replicate-image]`; when none is named, the three of
// an import, and replicate-image where its queue is set. And, once and by itself, for cron, a systemd timer or a CronJob:
// `node worker/worker.ts sweep-imports`, or `sync-images`.

interface QueueFunction {
  readonly variable:
    | 'STREAM_IMAGE_QUEUE_URL'
    | 'APPLY_METADATA_QUEUE_URL'
    | 'FAIL_IMPORT_QUEUE_URL'
    | 'REPLICATE_IMAGE_QUEUE_URL';
  load(): Promise<{ readonly handler: unknown }>;
}

const functions: Readonly<Record<string, QueueFunction>> = {
  'stream-image': {
    variable: 'STREAM_IMAGE_QUEUE_URL',
    load: () => import('../functions/stream-image.ts'),
  },
  'apply-metadata': {
    variable: 'APPLY_METADATA_QUEUE_URL',
    load: () => import('../functions/apply-metadata.ts'),
  },
  'fail-import': {
    variable: 'FAIL_IMPORT_QUEUE_URL',
    load: () => import('../functions/fail-import.ts'),
  },
  'replicate-image': {
    variable: 'REPLICATE_IMAGE_QUEUE_URL',
    load: () => import('../functions/replicate-image.ts'),
  },
};

const isUsual = (name: string): boolean =>
  name !== 'replicate-image' || Boolean(process.env['REPLICATE_IMAGE_QUEUE_URL']);

/** @throws Error for a name that is no queue's function */
const chosen = (names: readonly string[]): readonly (readonly [string, QueueFunction])[] => {
  const unknown = names.filter((name) => !Object.hasOwn(functions, name));
  if (unknown.length === 0)
    return Object.entries(functions).filter(([name]) =>
      names.length === 0 ? isUsual(name) : names.includes(name),
    );
  throw new Error(
    `There is no ${unknown.join(', ')}: name some of ${Object.keys(functions).join(', ')}, or none`,
  );
};

/** What is on a schedule, by name. */
const scheduled: Readonly<Record<string, () => Promise<{ readonly handler: unknown }>>> = {
  'sweep-imports': () => import('../functions/sweep-imports.ts'),
  'sync-images': () => import('../functions/sync-images.ts'),
};

/**
 * A run that is told to stop before it has done anything fails for the signal's reason, which is no fault.
 * @returns whether this is on a schedule, and has run
 */
const runOnce = async (name = '', stopping: AbortSignal): Promise<boolean> => {
  const load = Object.hasOwn(scheduled, name) ? scheduled[name] : undefined;
  if (!load) return false;
  const handler = (await load()).handler as Handler;
  await handler({}, contextOf(name, stopping)).catch((error: unknown) => {
    if (!stopping.aborted || error !== stopping.reason) throw error;
  });
  return true;
};

const stopping = stopOnSignals('worker');
const sqs = createSqsClient();
await requireIdentity(sqs);
if (await runOnce(process.argv[2], stopping)) process.exit(0);
const wanted = chosen(process.argv.slice(2));
const config = loadConfig(
  process.env,
  wanted.map(([, { variable }]) => variable),
);
log.info('worker starts', {
  functions: wanted.map(([name]) => name),
  concurrency: config.WORKER_CONCURRENCY,
});
await Promise.all(
  wanted.map(async ([name, { variable, load }]) => {
    // The handler's own types are Lambda's; what it gets here has their form.
    const handler = (await load()).handler as Handler;
    const queueUrl = config[variable];
    await consume(sqs, { name, queueUrl, handler, concurrency: config.WORKER_CONCURRENCY, stopping });
  }),
);
log.info('worker has stopped');
process.exit(0);
