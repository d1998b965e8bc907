import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { Connection } from 'rabbitmq-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type LocalAws, startAws } from '../cloud/aws/aws.ts';
import { queueUrl } from '../cloud/aws/queue-names.ts';
import { freePort } from '../cloud/free-port.ts';
import { startScriptedServer } from '../unit/scripted-server.ts';
import { activation, connectGlance } from './glance.ts';
import { type RabbitMq, rabbitmqServer, startRabbitMq } from './rabbitmq.ts';

// The bridge as a process, between a real RabbitMQ and the emulated SQS.

const root = join(import.meta.dirname, '../..');

if (rabbitmqServer !== undefined) {
  const server = rabbitmqServer;
  describe('the bridge', () => void withBroker(server));
} else
  test('the bridge is not tried: RabbitMQ is not installed (apt-get install rabbitmq-server)', ({ skip }) =>
    skip('no RabbitMQ'));

function withBroker(server: string): void {
  let broker: RabbitMq;
  let aws: LocalAws;
  let dataDir: string;
  let sqs: SQSClient;
  /** Of one test: exchange, queue of the bridge, and queue of SQS have its name. */
  let name: string;
  let told: string;
  const bridges: ChildProcess[] = [];
  const glances: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'bridge-aws-'));
    [broker, aws] = await Promise.all([startRabbitMq(server), startAws({ dataDir })]);
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    sqs = new SQSClient({ region: 'us-east-1', credentials, endpoint: aws.endpoints.sqs });
  });
  beforeEach(async () => {
    name = `test-${randomUUID()}`;
    told = queueUrl(aws.endpoints.sqs, name);
    await sqs.send(new CreateQueueCommand({ QueueName: name }));
  });
  afterEach(async () => {
    for (const bridge of bridges.splice(0)) await ended(bridge, 'SIGTERM');
    for (const glance of glances.splice(0)) await glance.close();
  });
  afterAll(async () => {
    sqs?.destroy();
    await Promise.all([broker?.stop(), aws?.stop()]);
    await rm(dataDir, { recursive: true, force: true });
  });

  const ended = async (bridge: ChildProcess, signal: NodeJS.Signals): Promise<number | null> => {
    if (bridge.exitCode !== null || bridge.signalCode !== null) return bridge.exitCode;
    const exit = once(bridge, 'exit');
    bridge.kill(signal);
    return (await exit)[0];
  };

  const startBridge = (env: Readonly<Record<string, string>> = {}, entry = 'bridge/bridge.ts') => {
    const settings = {
      OS_REGION_NAME: 'REGION1',
      RABBITMQ_URL: broker.url,
      BRIDGE_EXCHANGE: name,
      BRIDGE_QUEUE: name,
      BRIDGE_TARGET_REGIONS: 'REGION2',
      BRIDGE_VISIBILITY: 'public,community,shared,private',
      REPLICATE_IMAGE_QUEUE_URL: told,
      POWERTOOLS_LOG_LEVEL: 'INFO',
    };
    const options = { env: { ...process.env, ...aws.env, ...settings, ...env } };
    const bridge = spawn(process.execPath, [join(root, entry)], options);
    bridges.push(bridge);
    let said = '';
    for (const stream of [bridge.stdout, bridge.stderr])
      stream.setEncoding('utf8').on('data', (piece: string) => {
        said += piece;
      });
    const times = (message: string): number => said.split(`"message":"${message}"`).length - 1;
    const says = (message: string, count = 1) =>
      expect.poll(() => times(message), { timeout: 60_000 }).toBeGreaterThanOrEqual(count);
    const listens = async (count = 1): Promise<void> => {
      await says('bridge listens', count);
      await says('queue bound', count);
    };
    return { said: () => said, times, says, listens, end: (signal: NodeJS.Signals) => ended(bridge, signal) };
  };

  const startGlance = async (options = {}) => {
    const glance = await connectGlance(broker.url, name, options);
    glances.push(glance);
    return glance;
  };

  /** Ids of the images that were asked for, since the last time. */
  const askedFor = async (): Promise<string[]> => {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: told, MaxNumberOfMessages: 10 }),
    );
    if (Messages.length === 0) return [];
    const Entries = Messages.map(({ ReceiptHandle }, at) => ({ Id: `${at}`, ReceiptHandle }));
    await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: told, Entries }));
    return [...Messages.map(({ Body = '' }) => JSON.parse(Body).source.image_id), ...(await askedFor())];
  };
  const expectAskedFor = async (ids: readonly string[]): Promise<void> => {
    const all: string[] = [];
    await expect
      .poll(async () => all.push(...(await askedFor())), { timeout: 30_000 })
      .toBeGreaterThanOrEqual(ids.length);
    expect(all.toSorted()).toEqual(ids.toSorted());
  };

  const atBroker = async <T>(run: (connection: Connection) => Promise<T>): Promise<T> => {
    const connection = new Connection(broker.url);
    try {
      return await run(connection);
    } finally {
      await connection.close();
    }
  };
  /** Messages that wait, those at work left out. */
  const waiting = () =>
    atBroker(async (connection) => {
      const { messageCount } = await connection.queueDeclare({ queue: name, passive: true });
      return messageCount;
    });

  test('works as the one file that its image starts', async () => {
    await promisify(execFile)('npm', ['run', '--silent', 'build:bridge'], { cwd: root });
    const bridge = startBridge({}, 'dist/bridge.mjs');
    await bridge.listens();
    const id = randomUUID();
    await (await startGlance()).notify(activation(id));
    await expectAskedFor([id]);
    expect(await bridge.end('SIGTERM')).toBe(0);
  });

  test('that comes before Glance makes what Glance would make, and asks for what Glance tells', async () => {
    const port = await freePort();
    // The first node of the cluster is away.
    const RABBITMQ_HOSTS = `127.0.0.1:${await freePort()},${new URL(broker.url).host}`;
    const bridge = startBridge({ BRIDGE_HEALTH_PORT: `${port}`, RABBITMQ_HOSTS });
    await bridge.listens();
    const ready = async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).status;
    await expect.poll(ready, { timeout: 20_000 }).toBe(200);
    const [first, second] = [randomUUID(), randomUUID()];
    const glance = await startGlance();
    await glance.notify(activation(first));
    await glance.notify(activation(second));
    await expectAskedFor([first, second]);
    expect(bridge.said()).not.toContain('guest');
    expect(await bridge.end('SIGTERM')).toBe(0);
    expect(bridge.times('bridge has stopped')).toBe(1);
  });

  test.each([{ durable: false }, { durable: true }])(
    'that comes after Glance takes the exchange as it is (%j)',
    async (options) => {
      const glance = await startGlance(options);
      await glance.notify(activation(randomUUID())); // to nobody of ours: it was before
      await startBridge().listens();
      const id = randomUUID();
      await glance.notify(activation(id));
      await expectAskedFor([id]);
    },
  );

  test('loses nothing that comes while it is down', async () => {
    const first = startBridge();
    await first.listens();
    expect(await first.end('SIGTERM')).toBe(0);
    const glance = await startGlance();
    const ids = Array.from({ length: 12 }, () => randomUUID());
    for (const id of ids) await glance.notify(activation(id));
    await startBridge().listens();
    await expectAskedFor(ids);
  });

  /** Sends it, as an operator's next upload would. @returns whether it was asked for */
  const arrives = async (id: string, glance: Awaited<ReturnType<typeof startGlance>>) => {
    await glance.notify(activation(id));
    await delay(300);
    return (await askedFor()).includes(id);
  };

  test('goes on when its broker has died and come again without exchange and binding, which were not durable', async () => {
    const bridge = startBridge();
    await bridge.listens();
    const glance = await startGlance();
    await broker.kill();
    await expect.poll(() => bridge.times('broker lost'), { timeout: 30_000 }).toBeGreaterThan(0);
    await broker.start();
    await bridge.listens(2);
    await expect.poll(() => arrives(randomUUID(), glance), { timeout: 60_000 }).toBe(true);
  });

  test('keeps what its queue has when the broker is killed while the bridge is down', async () => {
    const first = startBridge();
    await first.listens();
    await first.end('SIGKILL');
    const glance = await startGlance();
    const ids = [randomUUID(), randomUUID()];
    for (const id of ids) await glance.notify(activation(id));
    await broker.kill();
    await broker.start();
    expect(await waiting()).toBe(2);
    await startBridge().listens();
    await expectAskedFor(ids);
  });

  test('that is killed before it has handed on leaves the message to the next', async () => {
    const away = await startScriptedServer();
    away.script({ status: 503 });
    const first = startBridge({ REPLICATE_IMAGE_QUEUE_URL: `${away.url}/0/queue` });
    await first.listens();
    const id = randomUUID();
    await (await startGlance()).notify(activation(id));
    await expect.poll(() => first.times('event not handed on'), { timeout: 30_000 }).toBeGreaterThan(0);
    await first.end('SIGKILL');
    await startBridge().listens();
    await expectAskedFor([id]);
    await away.stop();
  });

  test('that is stopped while the queue is away gives the message back', async () => {
    const away = await startScriptedServer();
    away.script({ status: 503 });
    const first = startBridge({ REPLICATE_IMAGE_QUEUE_URL: `${away.url}/0/queue` });
    await first.listens();
    await (await startGlance()).notify(activation(randomUUID()));
    await expect.poll(() => first.times('event not handed on'), { timeout: 30_000 }).toBeGreaterThan(0);
    expect(await first.end('SIGTERM')).toBe(0);
    expect(await waiting()).toBe(1);
    await away.stop();
  });

  test('that is killed between handing on and acknowledging tells the same twice, and never not', async () => {
    const silent = await startScriptedServer();
    silent.script(() => undefined); // taken, and the answer is lost
    const first = startBridge({ REPLICATE_IMAGE_QUEUE_URL: `${silent.url}/0/queue` });
    await first.listens();
    const id = randomUUID();
    await (await startGlance()).notify(activation(id));
    await expect.poll(() => silent.seen.length, { timeout: 30_000 }).toBe(1);
    await first.end('SIGKILL');
    await startBridge().listens();
    await expectAskedFor([id]);
    expect(silent.seen[0]?.body).toContain(id);
    await silent.stop();
  });

  test('tells the same news once, and takes what nobody can read out of the way, with its reason', async () => {
    const bridge = startBridge();
    await bridge.listens();
    const glance = await startGlance();
    const id = randomUUID();
    for (const body of ['{', '\0', '[]', activation(id), activation(id), activation(id)])
      await glance.notify(body);
    await atBroker(async (connection) => {
      const publisher = connection.createPublisher({ confirm: true });
      // Without an encoding, which the client would read as JSON itself.
      await publisher.send(
        { exchange: name, routingKey: 'notifications.info', contentType: 'application/json' },
        Buffer.from('{'),
      );
      await publisher.close();
    });
    const last = randomUUID();
    await glance.notify(activation(last));
    await expectAskedFor([id, last]);
    await expect.poll(() => bridge.times('notification cannot be read')).toBe(4);
    expect(bridge.said()).toContain('"reason":"The body is no JSON"');
    await bridge.end('SIGTERM');
    expect(await waiting()).toBe(0);
  });

  test('takes a queue as it finds it, and makes it anew when somebody deletes it', async () => {
    await atBroker((connection) =>
      connection.queueDeclare({ queue: name, durable: true, arguments: { 'x-queue-type': 'quorum' } }),
    );
    const bridge = startBridge();
    await bridge.listens();
    await atBroker((connection) => connection.queueDelete({ queue: name }));
    await bridge.listens(2);
    const id = randomUUID();
    await (await startGlance()).notify(activation(id));
    await expectAskedFor([id]);
  });

  test('listens to what its queue has, and is not ready, where it has no right to the exchange', async () => {
    await broker.shell('rabbitmqctl add_user reader sesame');
    await broker.shell(`rabbitmqctl set_permissions reader '^${name}$' '^${name}$' '^${name}$'`);
    const exchange = `${name}-of-others`;
    const port = await freePort();
    const RABBITMQ_URL = broker.url.replace('guest:guest', 'reader:sesame');
    const health = { BRIDGE_HEALTH_PORT: `${port}` };
    const bridge = startBridge({ RABBITMQ_URL, BRIDGE_EXCHANGE: exchange, ...health });
    await bridge.says('bridge listens');
    await expect.poll(() => bridge.times('queue not bound'), { timeout: 20_000 }).toBe(1);
    const id = randomUUID();
    await atBroker(async (connection) => {
      const publisher = connection.createPublisher({ confirm: true });
      await publisher.send(name, Buffer.from(activation(id)));
      await publisher.close();
    });
    await expectAskedFor([id]);
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(503);
  });

  test('that its broker refuses goes on asking, is not ready, and says why without the password', async () => {
    const port = await freePort();
    const bridge = startBridge({
      RABBITMQ_URL: broker.url.replace('guest:guest', 'guest:sesame'),
      BRIDGE_HEALTH_PORT: `${port}`,
    });
    await expect.poll(bridge.said, { timeout: 30_000 }).toContain('ACCESS_REFUSED');
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.text()).toContain('ACCESS_REFUSED');
    expect(bridge.said()).not.toContain('sesame');
    expect(await bridge.end('SIGTERM')).toBe(0);
  });

  test('needs the rights that docs/bridge.md gives it, and no more; nobody’s queue stays small by its policy', async () => {
    const docs = await readFile(join(root, 'docs/bridge.md'), 'utf8');
    const lines = docs.match(/rabbitmqctl set_[^`\n]+/g) ?? [];
    expect(lines.map((line) => line.split(' ')[1])).toEqual(['set_policy', 'set_permissions']);
    for (const line of ['rabbitmqctl add_user ferry sesame', ...lines]) await broker.shell(line);

    const RABBITMQ_URL = broker.url.replace('guest:guest', 'ferry:sesame');
    await startBridge({ RABBITMQ_URL, BRIDGE_EXCHANGE: 'glance', BRIDGE_QUEUE: 'glance-ferry' }).listens();
    const glance = await connectGlance(broker.url, 'glance', { queue: 'notifications.info' });
    glances.push(glance);
    const ids = Array.from({ length: 110 }, () => randomUUID());
    await Promise.all(ids.map((id) => glance.notify(activation(id))));
    await expectAskedFor(ids);
    const unread = await atBroker((connection) =>
      connection.queueDeclare({ queue: 'notifications.info', passive: true }),
    );
    expect(unread.messageCount).toBe(100);
  });
}
