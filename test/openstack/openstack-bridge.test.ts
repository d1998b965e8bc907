import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Connection } from 'rabbitmq-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHandler, type Handled } from '../../bridge/handle.ts';
import type { Health } from '../../bridge/health.ts';
import { listen } from '../../bridge/listen.ts';
import { log } from '../../lib/log.ts';
import type { ImagePublished } from '../../lib/schemas/replication/image-published.ts';
import { glanceClient } from '../cloud/commands/glance.ts';
import { ask } from '../contract/client.ts';
import { account, imageEndpoint, newApplicationCredential, setting, tokenOf } from './account.ts';
import { type RealImports, randomFile, startRealImports } from './real-imports.ts';

// The bridge beside a real Glance that notifies a real RabbitMQ: RABBITMQ_URL (amqp://…), beside what
// openstack-import.test.ts needs. SOURCE_PUBLISHER is the default_publisher_id of SOURCE_REGION's Glance.

const url = process.env['RABBITMQ_URL'];
if (url) {
  describe('a bridge beside a real Glance', () => void beside(url));
  describe('a bridge before the functions', () => void unattended(url));
} else
  test('the bridge is not tried beside a real Glance: RABBITMQ_URL is not set', ({ skip }) =>
    skip('no RabbitMQ'));

function beside(brokerUrl: string): void {
  const queue = `glance-ferry-test-${randomUUID()}`;
  const region = setting('SOURCE_REGION');
  const stopping = new AbortController();
  const health: Health = { isListening: false, isBound: false, reason: '' };
  const events: ImagePublished[] = [];
  const ends: Handled[] = [];
  let token: string;
  let endpoint: string;
  let dir: string;
  let listening: Promise<void>;

  beforeAll(async () => {
    log.setLogLevel('SILENT');
    dir = await mkdtemp(join(tmpdir(), 'glance-ferry-bridge-'));
    token = await tokenOf(account('OS_'));
    endpoint = await imageEndpoint(token, region);
    const handle = createHandler({
      region: 'nowhere',
      rules: {
        BRIDGE_PUBLISHERS: { [setting('SOURCE_PUBLISHER')]: region },
        BRIDGE_POLICY: '*',
        BRIDGE_TARGET_REGIONS: [],
        BRIDGE_VISIBILITY: [],
        BRIDGE_OWNERS: [],
        BRIDGE_PROPERTIES: { os_distro: queue },
      },
      windowMs: 60_000,
      handOn: async (event) => {
        events.push(event);
      },
      stopping: stopping.signal,
    });
    listening = listen({
      url: brokerUrl,
      hosts: [],
      names: { exchange: 'glance', isExchangeDurable: false, queue, topics: ['notifications'] },
      prefetch: 20,
      handle: async (body) => {
        const end = await handle(body);
        ends.push(end);
        return end;
      },
      health,
      stopping: stopping.signal,
    });
    while (!health.isListening || !health.isBound) await delay(50);
  });
  afterAll(async () => {
    stopping.abort();
    await listening;
    const connection = new Connection(brokerUrl);
    await connection.queueDelete({ queue });
    await connection.close();
    await rm(dir, { recursive: true, force: true });
  });

  /** An active image that the rules mean; each of its changes is notified before the next is made. */
  const upload = async (record: object = {}) => {
    const glance = glanceClient(endpoint, token);
    const formats = { disk_format: 'raw', container_format: 'bare' };
    const { id } = await glance.create({ name: queue, ...formats, ...record });
    await glance.upload(id, await randomFile(join(dir, id), 1));
    return { id, remove: () => ask('DELETE', `${endpoint}/v2/images/${id}`, { token }) };
  };
  const eventsOf = (id: string) => events.filter(({ source }) => source.image_id === id);
  const count = (end: Handled): number => ends.filter((one) => one === end).length;

  test('asks once for an image that is uploaded, and once for each change; never for a replica', async () => {
    const first = await upload({ os_distro: queue });
    await expect.poll(() => count('told before'), { timeout: 30_000 }).toBe(2);
    expect(eventsOf(first.id)).toEqual([{ source: { region, image_id: first.id }, policy: '*' }]);

    await delay(1000); // updated_at has seconds
    const type = 'application/openstack-images-v2.1-json-patch';
    const change = [{ op: 'add', path: '/os_version', value: '13' }];
    const patch = { token, json: change, headers: { 'Content-Type': type } };
    expect(await ask('PATCH', `${endpoint}/v2/images/${first.id}`, patch)).toMatchObject({ status: 200 });
    await expect.poll(() => eventsOf(first.id).length, { timeout: 30_000 }).toBe(2);

    const ignoredBefore = count('ignored');
    const replica = await upload({ os_distro: queue, ferry_source_region: 'X', ferry_source_id: first.id });
    await expect.poll(() => count('ignored'), { timeout: 30_000 }).toBeGreaterThanOrEqual(ignoredBefore + 6);
    expect(eventsOf(replica.id)).toEqual([]);
    expect(count('poison')).toBe(0);
    await Promise.all([first.remove(), replica.remove()]);
  });
}

function unattended(brokerUrl: string): void {
  const region = setting('SOURCE_REGION');
  const target = setting('OS_REGION_NAME');
  const queue = `glance-ferry-test-${randomUUID()}`;
  let own: Awaited<ReturnType<typeof newApplicationCredential>>;
  let imports: RealImports;
  let bridge: ChildProcess;

  beforeAll(async () => {
    own = await newApplicationCredential(account('OS_'));
    imports = await startRealImports({ OS_TARGET_REGIONS: '*', EVENT_BUS_NAME: 'default' }, own);
    const settings = {
      OS_REGION_NAME: region,
      RABBITMQ_URL: brokerUrl,
      BRIDGE_QUEUE: queue,
      BRIDGE_PUBLISHERS: `${setting('SOURCE_PUBLISHER')}:${region}`,
      BRIDGE_PROPERTIES: `os_distro:${queue}`,
      BRIDGE_TARGET_REGIONS: target,
      BRIDGE_VISIBILITY: 'public,community,shared,private',
      EVENT_BUS_NAME: 'default',
    };
    const entry = join(import.meta.dirname, '../../bridge/bridge.ts');
    const env = { ...process.env, ...imports.env, REPLICATE_IMAGE_QUEUE_URL: '', ...settings };
    bridge = spawn(process.execPath, [entry], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise<void>((listening) => {
      bridge.stdout?.setEncoding('utf8').on('data', (line: string) => {
        if (line.includes('queue bound')) listening();
      });
    });
  });
  afterAll(async () => {
    const exit = once(bridge, 'exit');
    bridge.kill('SIGTERM');
    await exit;
    await imports.stop();
    await own.remove();
    const connection = new Connection(brokerUrl);
    await connection.queueDelete({ queue });
    await connection.close();
  });

  test('an image that somebody makes by `openstack image create` appears in the other region', async () => {
    const file = await randomFile(join(imports.dataDir, 'image'), 3);
    const formats = ['--disk-format', 'raw', '--container-format', 'bare'];
    const made = ['--file', file, '--property', `os_distro=${queue}`, ...formats, '-f', 'json', queue];
    const env = { ...process.env, OS_REGION_NAME: region };
    const { stdout } = await promisify(execFile)('openstack', ['image', 'create', ...made], { env });
    const { id } = JSON.parse(stdout);
    const replicas = async () => {
      const url = `${imports.endpoints.target}/v2/images?ferry_source_id=${id}`;
      return (await ask('GET', url, { token: imports.token })).field('images') as Record<string, string>[];
    };
    const source = await imports.source.show(id);
    const { os_hash_value } = source;
    const seen = async () => (await replicas()).map((one) => [one['status'], one['os_hash_value']]);
    await expect.poll(seen, { timeout: 120_000, interval: 1000 }).toEqual([['active', os_hash_value]]);
    const all = [...(await replicas()).map((one) => [imports.endpoints.target, one['id']])];
    for (const [at, one] of [[imports.endpoints.source, id], ...all])
      await ask('DELETE', `${at}/v2/images/${one}`, { token: imports.token });
  });
}
