import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '../cloud/free-port.ts';

/** Debian's own, not its service. Undefined where it is not installed. */
export const rabbitmqServer = globSync('/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server')[0];

export interface RabbitMq {
  readonly url: string;
  /** Of all its processes at once, as a machine that dies. */
  kill(): Promise<void>;
  /** Runs a line of an operator's shell, where `rabbitmqctl` is this broker's. */
  shell(line: string): Promise<void>;
  /** With what it has kept. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

const answers = async (port: number): Promise<boolean> => {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
};

/** Everything that it would take from the machine is a file of its own, and a port of its own of 127.0.0.1. */
const environmentOf = async (dir: string, port: number) => {
  const file = async (name: string, content: string) => {
    await writeFile(join(dir, name), content);
    return join(dir, name);
  };
  return {
    PATH: process.env['PATH'],
    HOME: dir,
    RABBITMQ_NODENAME: 'ferry@localhost',
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: `${port}`,
    RABBITMQ_DIST_PORT: `${await freePort()}`,
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_EPMD_PORT: `${await freePort()}`,
    RABBITMQ_MNESIA_BASE: join(dir, 'mnesia'),
    RABBITMQ_LOG_BASE: join(dir, 'log'),
    RABBITMQ_PID_FILE: join(dir, 'pid'),
    RABBITMQ_CONF_ENV_FILE: await file('none', ''),
    RABBITMQ_ENABLED_PLUGINS_FILE: await file('plugins', '[].'),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none',
  };
};

/** A RabbitMQ of the test's own, in a folder that goes with it. @param server what `rabbitmqServer` has found */
export const startRabbitMq = async (server: string): Promise<RabbitMq> => {
  const dir = await mkdtemp(join(tmpdir(), 'glance-ferry-rabbitmq-'));
  await mkdir(join(dir, 'mnesia'));
  await mkdir(join(dir, 'log'));
  const port = await freePort();
  const env = await environmentOf(dir, port);
  let broker: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    // Its own group: the script that is started leaves the broker's processes behind when it is killed.
    broker = spawn(server, { env, detached: true, stdio: 'ignore' });
    while (!(await answers(port))) {
      if (broker.exitCode !== null) throw new Error(`RabbitMQ did not start, see ${dir}/log`);
      await delay(100);
    }
  };
  const kill = async (): Promise<void> => {
    const { pid } = broker ?? {};
    if (!broker || pid === undefined || broker.exitCode !== null || broker.signalCode !== null) return;
    const ended = once(broker, 'exit');
    process.kill(-pid, 'SIGKILL');
    await ended;
    while (await answers(port)) await delay(50);
  };
  const stop = async (): Promise<void> => {
    await kill();
    // Erlang's port mapper, which the broker has started, on the port that is ours.
    await promisify(execFile)('epmd', ['-kill'], { env }).catch(() => undefined);
    await rm(dir, { recursive: true, force: true });
  };
  const shell = async (line: string): Promise<void> => {
    const PATH = `${dirname(server)}:${env.PATH}`;
    await promisify(execFile)('sh', ['-c', line], { env: { ...env, PATH } });
  };
  await start();
  return { url: `amqp://guest:guest@127.0.0.1:${port}`, kill, shell, start, stop };
};
