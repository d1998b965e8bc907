import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Ferry, startFerry } from '../integration/ferry.ts';
import { startScriptedServer } from '../unit/scripted-server.ts';

// The worker as a process: the queues' functions without Lambda.

const MiB = 1024 ** 2;
const root = fileURLToPath(new URL('../..', import.meta.url));
const entry = join(root, 'worker/worker.ts');
const formats = { disk_format: 'raw', container_format: 'bare', hw_disk_bus: 'scsi' };
const settings = {
  PART_SIZE_MIB: '5',
  WORKER_CONCURRENCY: '3',
  RETRY_DELAY_S: '1',
  POWERTOOLS_LOG_LEVEL: 'INFO',
};

let ferry: Ferry;
let token: string;
const workers: ChildProcess[] = [];

beforeAll(async () => {
  ferry = await startFerry({
    env: settings,
    idle: ['stream-image', 'apply-metadata', 'fail-import'],
    patienceS: 60,
  });
  token = ferry.openstack.issueToken('demo');
});
afterEach(async () => {
  ferry.openstack.regions.REGION1.clearFaults();
  for (const worker of workers.splice(0)) {
    if (worker.exitCode !== null || worker.signalCode !== null) continue;
    const exit = once(worker, 'exit');
    // Not SIGKILL: the emulated SQS would hand messages to a worker that has gone.
    worker.kill('SIGTERM');
    await exit;
  }
});
afterAll(() => ferry.stop());

const startWorker = (...functions: string[]) => startProcess(entry, functions);

const startProcess = (
  file: string,
  functions: readonly string[],
  env: Readonly<Record<string, string>> = {},
) => {
  const worker = spawn(process.execPath, [file, ...functions], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  workers.push(worker);
  let said = '';
  for (const stream of [worker.stdout, worker.stderr]) {
    stream.setEncoding('utf8').on('data', (piece: string) => {
      said += piece;
    });
  }
  const exited = once(worker, 'exit').then(([code]) => code as number | null);
  return { worker, exited, said: () => said };
};

const startImport = async (size: number, bytesPerSecond?: number) => {
  const { REGION1, REGION2 } = ferry.openstack.regions;
  const source = await REGION1.createImage(formats, randomBytes(size));
  const target = await REGION2.createImage({ name: 'copy' });
  if (bytesPerSecond) REGION1.fault(source.id, { on: 'get-file', kind: 'slow', bytesPerSecond, times: 1 });
  expect(await ferry.importFrom(source.id, target.id, token)).toMatchObject({ status: 201 });
  return { source, target };
};

const arrives = async ({ source, target }: Awaited<ReturnType<typeof startImport>>): Promise<void> => {
  expect(await ferry.finished(target.id, token)).toMatchObject({ status: 'success' });
  const { os_hash_value } = source;
  expect(ferry.openstack.regions.REGION2.image(target.id)).toMatchObject({ status: 'active', os_hash_value });
  expect(await ferry.traces.relay()).toEqual({ objects: [], uploads: [] });
};

const messageOf = async (id: string) => (await ferry.tasks(id, token)).at(-1)?.message ?? '';

describe('the worker', () => {
  test('takes imports to their end, several at a time, and says nothing of tokens', async () => {
    const { worker, exited, said } = startWorker();
    const imports = await Promise.all([12, 7, 1].map((mebibytes) => startImport(mebibytes * MiB)));
    for (const one of imports) await arrives(one);
    worker.kill('SIGTERM');
    expect(await exited).toBe(0);
    expect(said()).toContain('import ended');
    expect(said()).toContain('worker has stopped');
    expect(said()).not.toContain(token);
  });

  test('that is stopped in the middle of a copy hands it over and ends; another one goes on from the stored parts', async () => {
    const first = startWorker('stream-image');
    const started = await startImport(40 * MiB, 10 * MiB);
    await expect
      .poll(() => messageOf(started.target.id), { timeout: 20_000 })
      .toMatch(/^Copied [12]\d MiB of 40/);
    first.worker.kill('SIGTERM');
    expect(await first.exited).toBe(0);
    expect(await ferry.traces.messages()).toMatchObject({ StreamImageQueue: 1, FailImportQueue: 0 });

    startWorker();
    await arrives(started);
    const ranges = ferry.openstack.regions.REGION1.requests().flatMap(({ path, headers }) =>
      path === `/v2/images/${started.source.id}/file` ? [headers['range']] : [],
    );
    expect(ranges).toEqual([undefined, expect.stringMatching(/^bytes=[1-9]\d{6,}-$/)]);
  });

  test('that is stopped in the middle of an upload into Glance lets another one do it again', async () => {
    const { REGION2 } = ferry.openstack.regions;
    startWorker('stream-image', 'fail-import');
    const first = startWorker('apply-metadata');
    const started = await startImport(20 * MiB);
    REGION2.fault(started.target.id, { on: 'put-file', kind: 'slow', bytesPerSecond: 4 * MiB });
    await expect.poll(() => REGION2.image(started.target.id)?.status, { timeout: 20_000 }).toBe('saving');
    first.worker.kill('SIGTERM');
    expect(await first.exited).toBe(0);
    startWorker('apply-metadata');
    await arrives(started);
  });

  test('takes a signal that comes twice, as npm passes on a Ctrl-C, for one', async () => {
    const { worker, exited, said } = startWorker('fail-import');
    await expect.poll(said, { timeout: 20_000 }).toContain('worker starts');
    worker.kill('SIGINT');
    worker.kill('SIGTERM');
    expect(await exited).toBe(0);
    expect(said()).toContain('worker has stopped');
  });

  test('ends at once at a second signal, whatever it waits for', async () => {
    const silent = await startScriptedServer();
    silent.script(() => undefined);
    const { worker, exited, said } = startProcess(entry, ['fail-import'], {
      FAIL_IMPORT_QUEUE_URL: `${silent.url}/q`,
    });
    await expect.poll(() => silent.seen.length, { timeout: 20_000 }).toBeGreaterThan(0);
    worker.kill('SIGTERM');
    await delay(1000);
    worker.kill('SIGTERM');
    expect(await exited).toBe(1);
    expect(said()).not.toContain('worker has stopped');
    await silent.stop();
  });

  test('sweep-imports runs once and says what it has done', async () => {
    const { exited, said } = startWorker('sweep-imports');
    expect(await exited).toBe(0);
    expect(said()).toContain('"message":"swept"');
  });

  test('sweep-imports ends on SIGTERM, although a store does not answer', async () => {
    const silent = await startScriptedServer();
    silent.script(() => undefined);
    const { worker, exited } = startProcess(entry, ['sweep-imports'], { AWS_ENDPOINT_URL_S3: silent.url });
    await expect.poll(() => silent.seen.length, { timeout: 20_000 }).toBeGreaterThan(0);
    worker.kill('SIGTERM');
    expect(await exited).toBe(0);
    await silent.stop();
  });

  test('runs as the bundle that the image starts, which needs nothing but Node', async () => {
    execFileSync('npm', ['run', '--silent', 'build:worker'], { cwd: root, stdio: 'pipe' });
    const elsewhere = await mkdtemp(join(tmpdir(), 'worker-'));
    await copyFile(join(root, 'dist/worker.mjs'), join(elsewhere, 'worker.mjs'));
    const { worker, exited } = startProcess(join(elsewhere, 'worker.mjs'), []);
    await arrives(await startImport(12 * MiB));
    worker.kill('SIGTERM');
    expect(await exited).toBe(0);
    await rm(elsewhere, { recursive: true });
  });

  test.each([
    [['stream-images'], 'There is no stream-images: name some of stream-image, apply-metadata, fail-import'],
  ])('with %j says what there is', async (names, message) => {
    const { exited, said } = startWorker(...names);
    expect(await exited).toBe(1);
    expect(said()).toContain(message);
  });
});
