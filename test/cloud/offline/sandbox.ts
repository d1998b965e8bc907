import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A function as Lambda would run it. */
export interface FunctionSettings {
  readonly name: string;
  /** The file that exports the handler, and the export's name. */
  readonly file: string;
  readonly exportName: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutS: number;
  readonly memoryMB: number;
}

/** What a sandbox is sent. */
export interface Invocation {
  readonly event: unknown;
  readonly requestId: string;
  readonly functionName: string;
  readonly deadlineMs: number;
  readonly memoryMB: number;
}

/** What it answers. */
export type Answer = { readonly result: unknown } | { readonly error: string };

const entry = fileURLToPath(new URL('function-process.ts', import.meta.url));

/**
 * Runs a function in processes of its own, so that a crash, a `kill` or a timeout ends one invocation and nothing else:
 * idle ones are used again, and there are as many as run at the same time.
 * @param log gets one line per invocation, as Lambda's REPORT
 */
export function createSandboxes(settings: FunctionSettings, log: (line: string) => void) {
  const { name, file, exportName, env, timeoutS, memoryMB } = settings;
  const idle: ChildProcess[] = [];
  const all = new Set<ChildProcess>();

  function start(): ChildProcess {
    const own = { PATH: process.env['PATH'] ?? '', AWS_LAMBDA_FUNCTION_MEMORY_SIZE: `${memoryMB}` };
    const child = fork(entry, [file, exportName], { env: { ...env, ...own } });
    all.add(child);
    child.once('exit', () => {
      all.delete(child);
      const at = idle.indexOf(child);
      if (at >= 0) idle.splice(at, 1);
    });
    return child;
  }

  /** The answer, or the reason why there is none. */
  async function answerOf(
    child: ChildProcess,
    invocation: Invocation,
  ): Promise<Answer & { maxRssKiB?: number }> {
    const ended = new AbortController();
    const { signal } = ended;
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutS * 1000);
    try {
      child.send(invocation);
      return await Promise.race([
        once(child, 'message', { signal }).then(([answer]) => answer),
        once(child, 'exit', { signal }).then(([code, killedBy]) => ({
          error: `${name} (process ${child.pid}) ended while it ran: ${killedBy ?? `exit code ${code}`}`,
        })),
      ]);
    } finally {
      clearTimeout(timer);
      ended.abort();
    }
  }

  return {
    /** @throws Error with the handler's stack if it threw, or with the reason if its process ended */
    async invoke(event: unknown): Promise<unknown> {
      const child = idle.pop() ?? start();
      const [requestId, startedMs] = [randomUUID(), Date.now()];
      const deadlineMs = startedMs + timeoutS * 1000;
      const answer = await answerOf(child, { event, requestId, functionName: name, deadlineMs, memoryMB });
      const memory = answer.maxRssKiB ? ` Max Memory Used: ${Math.round(answer.maxRssKiB / 1024)} MB` : '';
      log(`REPORT ${name} RequestId: ${requestId} Duration: ${Date.now() - startedMs} ms${memory}`);
      // Not `connected`, which a process that has just been killed still is.
      if (all.has(child)) idle.push(child);
      if ('error' in answer) throw new Error(answer.error);
      return answer.result;
    },

    /** Ends all processes, busy ones too. */
    async stop(): Promise<void> {
      const ended = [...all].map((child) => once(child, 'exit'));
      for (const child of all) child.kill('SIGKILL');
      await Promise.all(ended);
    },
  };
}
