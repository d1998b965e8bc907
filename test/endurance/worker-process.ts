import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('../../worker/worker.ts', import.meta.url));

/** The worker in a process of its own, with this process's environment. @param env further settings, which win */
export const startWorker = (
  functions: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcess =>
  spawn(process.execPath, [entry, ...functions], {
    ...{ stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, ...env } },
  });

/** @returns its exit code, or null when the signal ended it */
export const endWorker = async (child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> => {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exit = once(child, 'exit');
  child.kill(signal);
  return (await exit)[0];
};

/** MiB; of a process that lives. /proc/[pid]/status, VmHWM: the peak of its resident set. */
const peakMiB = ({ pid }: ChildProcess): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

export interface Kills {
  readonly count: number;
  /** MiB; the most of any of the killed. */
  readonly mostMiB: number;
}

/**
 * Runs stream-image in a worker that is killed (SIGKILL) and started again, every so often.
 * @returns what has happened so far, when the worker ends by itself (an error), and what ends it for good
 */
export const killAgainAndAgain = (everyMs: number) => {
  const stopped = new AbortController();
  let kills: Kills = { count: 0, mostMiB: 0 };

  const liveAndDie = async (): Promise<void> => {
    const child = startWorker(['stream-image']);
    await delay(everyMs, undefined, { signal: stopped.signal }).catch(() => undefined);
    if (child.exitCode !== null) throw new Error(`the worker ended by itself (${child.exitCode})`);
    const mostMiB = Math.max(kills.mostMiB, peakMiB(child));
    await endWorker(child, 'SIGKILL');
    kills = { count: kills.count + 1, mostMiB };
  };
  const killing = (async () => {
    while (!stopped.signal.aborted) await liveAndDie();
  })();

  return {
    soFar: (): Kills => kills,
    ended: killing,
    stop: async (): Promise<void> => {
      stopped.abort();
      await killing;
    },
  };
};
