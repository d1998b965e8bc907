// `npm run test:kill [-- GIB] [--every S]`: an image of made-up bytes travels while the worker that copies it is killed
// (SIGKILL) again and again. Ends with 0 only if the import succeeds, the target has the source's hash, and nothing is left.
// apply-metadata runs in a worker that is let live: a PUT into Glance cannot be taken up in its middle.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startServerProcess } from '../bench/server-process.ts';
import { startFerry } from '../integration/ferry.ts';

const GiB = 1024 ** 3;
const partMiB = 16;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { every: { type: 'string', default: '10' } },
});
const size = Number(positionals[0] ?? 100) * GiB;
const everyMs = Number(values.every) * 1000;
const image = { size, seed: 1 };
const worker = fileURLToPath(new URL('../../worker/worker.ts', import.meta.url));

const recallingS3 = await startServerProcess('../endurance/recalling-s3-process.ts', [
  JSON.stringify({ ...image, partSize: partMiB * 1024 ** 2 }),
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
  },
  openstack: { tokenLifetimeS: 24 * 3600, glance: { REGION2: { discardUploads: true } } },
  patienceS: 6 * 3600,
});

const start = (...functions: string[]): ChildProcess =>
  spawn(process.execPath, [worker, ...functions], { stdio: ['ignore', 'ignore', 'inherit'] });

const end = async (child: ChildProcess, signal: NodeJS.Signals): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
};

/** MiB; of a process that lives. /proc/[pid]/status, VmHWM: the peak of its resident set. */
const peakMiB = ({ pid }: ChildProcess): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

const token = ferry.openstack.issueToken('demo');
const { REGION1, REGION2 } = ferry.openstack.regions;
console.log(`computing the hash of ${size / GiB} GiB of made-up bytes`);
const formats = { disk_format: 'raw', container_format: 'bare' };
const source = await REGION1.madeUpImage(formats, { ...image, checksum: false });
const target = await REGION2.createImage({ name: 'copy' });

let isOver = false;
let [kills, mostMiB] = [0, 0];
const killAgainAndAgain = async (): Promise<void> => {
  while (!isOver) {
    const child = start('stream-image');
    for (const until = Date.now() + everyMs; Date.now() < until && !isOver; ) await delay(100);
    if (child.exitCode !== null) throw new Error(`the worker ended by itself (${child.exitCode})`);
    mostMiB = Math.max(mostMiB, peakMiB(child));
    await end(child, 'SIGKILL');
    kills += 1;
  }
};

const startedMs = Date.now();
await ferry.importFrom(source.id, target.id, token);
const steady = start('apply-metadata', 'fail-import');
const killing = killAgainAndAgain();
const telling = (async () => {
  for (let last = ''; !isOver; await delay(1000)) {
    const message = (await ferry.tasks(target.id, token)).at(-1)?.message ?? '';
    if (message === last) continue;
    last = message;
    console.log(`${((Date.now() - startedMs) / 1000).toFixed(0).padStart(5)} s  ${kills} kills  ${message}`);
  }
})();
try {
  const task = await Promise.race([ferry.finished(target.id, token), killing.then(() => undefined)]);
  const seconds = (Date.now() - startedMs) / 1000;
  isOver = true;
  await Promise.all([killing, telling]);
  const isSame = REGION2.image(target.id)?.os_hash_value === source.os_hash_value;
  const left = (await recallingS3.ask('state')) as { uploads: number; objects: number; refused: number };
  const items = (await ferry.traces.items()).filter(({ item }) => !String(item).startsWith('task#'));
  const rate = `${(size / 1024 ** 2 / seconds).toFixed(0)} MiB/s`;
  console.log(
    `${size / GiB} GiB in ${seconds.toFixed(0)} s (${rate}), ${kills} kills, task ${task?.status}: ${task?.message}`,
  );
  console.log(`hash ${isSame ? 'right' : 'WRONG'}; peak memory of a killed worker ${mostMiB.toFixed(0)} MiB`);
  console.log(
    `left: ${left.uploads} uploads, ${left.objects} objects, ${items.length} items; ${left.refused} parts refused`,
  );
  const isClean = left.uploads + left.objects + items.length + left.refused === 0;
  process.exitCode = task?.status === 'success' && isSame && isClean ? 0 : 1;
} finally {
  isOver = true;
  await end(steady, 'SIGTERM');
  await ferry.stop();
  await recallingS3.stop();
}
process.exit();
