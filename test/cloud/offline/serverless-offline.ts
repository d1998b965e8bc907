import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../free-port.ts';

export interface StartFunctionsOptions {
  /** Variables of the functions; nothing else of this process's environment reaches them but PATH and HOME. */
  readonly env: Readonly<Record<string, string>>;
  /** Where the log and the built functions go. */
  readonly dataDir: string;
  /** 0, the default, takes a free one. */
  readonly httpPort?: number;
  /** Where serverless.yml lies. */
  readonly serviceDir?: string;
  /** Ends the start, and what it has started. */
  readonly signal?: AbortSignal;
}

export interface Functions {
  /** The HTTP API, e.g. http://127.0.0.1:3000 */
  readonly url: string;
  /** Lambda's own API, for direct invocations: `aws lambda invoke --endpoint-url …` */
  readonly lambdaUrl: string;
  /** Of the process, and of its process group. */
  readonly pid: number;
  readonly logFile: string;
  stop(): Promise<void>;
}

const root = fileURLToPath(new URL('../../..', import.meta.url));
const startWithinMs = 120_000;
/** More than queue-functions.ts and serverless-offline take at most. */
const stopWithinMs = 20_000;

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => resolve(true));
    socket.on('error', () => resolve(false)).on('connect', () => socket.destroy());
  });

/** @throws Error with the end of the log if the process ends, or does not listen in time */
async function untilReady(
  child: ChildProcess,
  port: number,
  logFile: string,
  signal?: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + startWithinMs;
  while (!(await accepts(port))) {
    signal?.throwIfAborted();
    const ended = child.exitCode ?? child.signalCode;
    if (ended !== null || Date.now() > deadline) {
      const why = ended === null ? `is not ready after ${startWithinMs} ms` : `ended (${ended})`;
      const log = await readFile(logFile, 'utf8');
      throw new Error(`serverless-offline ${why}. The end of ${logFile}:\n${log.slice(-3000)}`);
    }
    await delay(50);
  }
}

/** Signals the whole process group. False if nobody of it is left. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}

async function stopGroup(child: ChildProcess, pid: number): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    await Promise.race([exit, delay(stopWithinMs, undefined, { ref: false })]);
  }
  while (signalGroup(pid, 'SIGKILL')) await delay(10);
}

/**
 * Runs the functions under serverless-offline, in a process group of their own that also ends when this process does,
 * however it ends: the plugin watches the channel between them.
 */
export async function startFunctions(options: StartFunctionsOptions): Promise<Functions> {
  const { env, dataDir, serviceDir = root } = options;
  const port = options.httpPort || (await freePort());
  const lambdaPort = await freePort();
  if (await accepts(port)) throw new Error(`The HTTP API cannot listen on 127.0.0.1:${port}: it is in use`);
  await mkdir(dataDir, { recursive: true });
  const logFile = join(dataDir, 'functions.log');
  const log = openSync(logFile, 'a');
  const serverless = join(root, 'node_modules/serverless/bin/serverless.js');
  const ports = ['--httpPort', String(port), '--lambdaPort', String(lambdaPort)];
  const child = spawn(process.execPath, [serverless, 'offline', 'start', ...ports], {
    cwd: serviceDir,
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      SLS_NOTIFICATIONS_MODE: 'off',
      ESBUILD_FOLDER: relative(serviceDir, join(dataDir, 'functions')),
      ...env,
    },
  });
  closeSync(log);
  const { pid } = child;
  if (pid === undefined) throw new Error('serverless-offline could not be started');
  const stop = () => stopGroup(child, pid);
  try {
    await untilReady(child, port, logFile, options.signal);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `http://127.0.0.1:${port}`, lambdaUrl: `http://127.0.0.1:${lambdaPort}`, pid, logFile, stop };
}
