import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A server in a process of its own: what it costs is not paid by those who are measured. */
export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  /** Sends a message and waits for the answer to it. */
  ask(message: string): Promise<unknown>;
  stop(): Promise<void>;
}

export const endProcess = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.disconnect();
  await exit;
};

/**
 * @param file beside this one; its process sends its URL first, answers messages, and ends when its channel closes
 * @throws Error when the process ends instead of listening
 */
export const startServerProcess = async (
  file: string,
  args: readonly string[] = [],
): Promise<ServerProcess> => {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), [...args]);
  const answer = async (): Promise<unknown> => {
    const settled = new AbortController();
    const { signal } = settled;
    const ended = once(child, 'exit', { signal }).then(([code]) => {
      throw new Error(`${file} ended (${code})`);
    });
    try {
      return (await Promise.race([once(child, 'message', { signal }), ended]))[0];
    } finally {
      settled.abort();
    }
  };
  const url = String(await answer());
  return {
    url,
    pid: child.pid ?? 0,
    ask: (message) => {
      child.send(message);
      return answer();
    },
    stop: () => endProcess(child),
  };
};
