// `npm run test:kill [-- GIB] [--every S]`: an image of made-up bytes travels while the worker that copies it is killed
// (SIGKILL) again and again. Ends with 0 only if the import succeeds, the target has the source's hash, and nothing is left.
// apply-metadata runs in a worker that is let live: a PUT into Glance cannot be taken up in its middle.
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startServerProcess } from '../bench/server-process.ts';
import { startFerry } from '../integration/ferry.ts';
import { isTask } from '../kept.ts';
import { endWorker, killAgainAndAgain, startWorker } from './worker-process.ts';

const MiB = 1024 ** 2;
const partMiB = 16;
/** Longer than any message of a killed worker stays hidden, or is delayed. */
const drainWithinMs = 60_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { every: { type: 'string', default: '10' } },
});
const gib = Number(positionals[0] ?? 100);
const size = gib * 1024 * MiB;
const everyMs = Number(values.every) * 1000;
if (!(size > 0 && everyMs > 0)) throw new Error('usage: npm run test:kill [-- GIB] [--every SECONDS]');
const image = { size, seed: 1 };

const recallingS3 = await startServerProcess('../endurance/recalling-s3-process.ts', [
  JSON.stringify({ ...image, partSize: partMiB * MiB }),
]);
const ferry = await startFerry({
  idle: ['stream-image', 'apply-metadata', 'fail-import'],
  // A worker that was killed while it waited for a message may still be handed one.
  aws: { visibilityS: 5 },
  env: {
    AWS_ENDPOINT_URL_S3: recallingS3.url,
    PART_SIZE_MIB: `${partMiB}`,
    SEGMENT_SIZE_MIB: '1024',
    SEGMENTS_AT_ONCE: '4',
    WORKER_CONCURRENCY: '4',
    HEARTBEAT_S: '1',
    RETRY_DELAY_S: '1',
    NODE_OPTIONS: '--max-semi-space-size=2',
    POWERTOOLS_LOG_LEVEL: 'ERROR',
    POWERTOOLS_METRICS_DISABLED: 'true',
  },
  openstack: { tokenLifetimeS: 24 * 3600, glance: { REGION2: { discardUploads: true } } },
  patienceS: 6 * 3600,
});
const token = ferry.openstack.issueToken('demo');
const { REGION1, REGION2 } = ferry.openstack.regions;

const queued = async (): Promise<number> =>
  Object.values(await ferry.traces.messages()).reduce((sum, count) => sum + count, 0);

/** Lets a worker live that takes what the killed ones have left: messages that come twice, or were held by a dead one. */
const drain = async (): Promise<void> => {
  const worker = startWorker(['stream-image']);
  const until = Date.now() + drainWithinMs;
  // At least once: it should have started when it is told to stop.
  do await delay(3000);
  while (Date.now() < until && (await queued()) > 0);
  const code = await endWorker(worker, 'SIGTERM');
  if (code !== 0) throw new Error(`the worker ended with ${code} when it was told to stop`);
};

/** What an import that has ended must not leave, dead letters among the messages. */
const leftovers = async (): Promise<Readonly<Record<string, number>>> => {
  const store = (await recallingS3.ask('state')) as Readonly<Record<string, number>>;
  const items = (await ferry.traces.items()).filter((item) => !isTask(item));
  return { ...store, 'table items': items.length, messages: await queued() };
};

console.log(`computing the hash of ${gib} GiB of made-up bytes`);
const formats = { disk_format: 'raw', container_format: 'bare' };
const source = await REGION1.madeUpImage(formats, { ...image, checksum: false });
const target = await REGION2.createImage({ name: 'copy' });

const startedMs = Date.now();
const secondsSoFar = (): number => (Date.now() - startedMs) / 1000;
await ferry.importFrom(source.id, target.id, token);
// It is let live, so its leases may be as long as a deployment's: a lost one would begin its PUT anew.
const steady = startWorker(['apply-metadata', 'fail-import'], { HEARTBEAT_S: '20' });
const killing = killAgainAndAgain(everyMs);

let isOver = false;
let killsBeforeGlance: number | undefined;
/** Prints the task's message whenever it changes, and remembers when the object was there and proven. */
const follow = async (): Promise<void> => {
  for (let last = ''; !isOver; await delay(1000)) {
    const message = (await ferry.tasks(target.id, token)).at(-1)?.message ?? '';
    if (REGION2.image(target.id)?.status !== 'queued') killsBeforeGlance ??= killing.soFar().count;
    if (message !== last)
      console.log(`${secondsSoFar().toFixed(0).padStart(5)} s  ${killing.soFar().count} kills  ${message}`);
    last = message;
  }
};

try {
  const following = follow();
  const endedByItself = killing.ended.then(() => undefined);
  const task = await Promise.race([ferry.finished(target.id, token), endedByItself]);
  const seconds = secondsSoFar();
  isOver = true;
  await Promise.all([killing.stop(), following]);
  await drain();
  const { count, mostMiB } = killing.soFar();
  const isSame = REGION2.image(target.id)?.os_hash_value === source.os_hash_value;
  const left = await leftovers();
  const rate = (size / MiB / seconds).toFixed(0);
  console.log(
    `${gib} GiB in ${seconds.toFixed(0)} s (${rate} MiB/s), task ${task?.status}: ${task?.message}`,
  );
  console.log(`${count} kills, ${killsBeforeGlance ?? count} of them before the PUT into Glance`);
  console.log(`hash ${isSame ? 'right' : 'WRONG'}; peak memory of a killed worker ${mostMiB.toFixed(0)} MiB`);
  console.log(
    `left: ${Object.entries(left)
      .map(([what, count]) => `${count} ${what}`)
      .join(', ')}`,
  );
  const isClean = Object.values(left).every((count) => count === 0);
  process.exitCode = task?.status === 'success' && isSame && isClean ? 0 : 1;
} finally {
  isOver = true;
  await endWorker(steady, 'SIGTERM');
  await ferry.stop();
  await recallingS3.stop();
}
process.exit();
