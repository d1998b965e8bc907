import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Answer, Invocation } from '../cloud/offline/sandbox.ts';
import { processorSeconds } from './processor-time.ts';
import { endProcess } from './server-process.ts';

const entry = fileURLToPath(new URL('../cloud/offline/function-process.ts', import.meta.url));
const functionFile = (name: string): string =>
  fileURLToPath(new URL(`../../functions/${name}.ts`, import.meta.url));

const profileDir = process.env['BENCH_PROFILE'];

/**
 * BENCH_PROFILE=DIR: a function runs from its source, so that names can be read, and leaves a CPU profile.
 * @param options of startFunction, where nothing is profiled
 */
export const profiledOr = (options: { readonly file: string }) =>
  profileDir ? { nodeArgs: ['--cpu-prof', `--cpu-prof-dir=${profileDir}`] } : options;

/** What one invocation took. */
export interface Used {
  readonly result: unknown;
  readonly seconds: number;
  /** CPU seconds, all threads. */
  readonly processorS: number;
  /** Of the process so far, MiB. */
  readonly peakMiB: number;
}

export interface FunctionProcess {
  readonly pid: number;
  /** @throws Error with the handler's stack if it threw */
  invoke(event: unknown): Promise<Used>;
  stop(): Promise<void>;
}

/** As serverless.yml gives it to every function, but for source maps: they cost memory, and are not what is measured. */
export const deployedRuntime = {
  NODE_OPTIONS: '--max-semi-space-size=2 --max-old-space-size=128',
  MALLOC_ARENA_MAX: '1',
} as const;
const timeoutMs = 6 * 3600 * 1000; // the largest benchmark takes longer than a Lambda may
const memoryMB = 1769;

/**
 * A function in one process of its own, which serves one event at a time, as Lambda does; beside a sandbox of the local
 * cloud it tells what an invocation cost.
 * @param options.nodeArgs for Node: `--cpu-prof`
 */
export const startFunction = (
  name: string,
  env: Readonly<Record<string, string>>,
  options: { readonly file?: string; readonly nodeArgs?: readonly string[] } = {},
): FunctionProcess => {
  const { file = functionFile(name), nodeArgs = [] } = options;
  const child = fork(entry, [file, 'handler'], {
    env: { ...deployedRuntime, ...env, PATH: process.env['PATH'] ?? '' },
    execArgv: [...nodeArgs],
  });
  const pid = child.pid ?? 0;

  const invoke: FunctionProcess['invoke'] = async (event) => {
    const requestId = randomUUID();
    const invocation: Invocation = {
      event,
      requestId,
      functionName: name,
      deadlineMs: Date.now() + timeoutMs,
      memoryMB,
    };
    const [startedMs, usedBefore] = [performance.now(), processorSeconds(pid)];
    const answered = once(child, 'message');
    child.send(invocation);
    const [answer] = (await answered) as [Answer & { readonly maxRssKiB: number }];
    const [seconds, processorS] = [
      (performance.now() - startedMs) / 1000,
      processorSeconds(pid) - usedBefore,
    ];
    if ('error' in answer) throw new Error(answer.error);
    return { result: answer.result, seconds, processorS, peakMiB: answer.maxRssKiB / 1024 };
  };

  return { pid, invoke, stop: () => endProcess(child) };
};
