import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** What a command's work is given. */
export interface Session {
  /** Undone in reverse order when the command ends, however it does. */
  readonly cleanup: AsyncDisposableStack;
  /** For data and logs; removed at the end, but for the log of a command that failed. */
  readonly dataDir: string;
  /** Aborted at Ctrl-C or a request to end. */
  readonly signal: AbortSignal;
}

const cloudDir = fileURLToPath(new URL('../../../.cloud', import.meta.url));
const graceMs = 10_000;
/** Shells' status for a process that Ctrl-C ended: 128 and the signal's number. */
const interruptedCode = 130;

function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => controller.abort());
  return controller.signal;
}

/** The message, with what caused it; each once. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : messageOf(error.cause);
  return error.message.includes(cause) ? error.message : `${error.message}: ${cause}`;
}

/** Resolves when the signal is aborted. */
export const untilAborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });

async function removeData(dataDir: string, { keepLog }: { readonly keepLog: boolean }): Promise<void> {
  const names = await readdir(dataDir).catch(() => []); // somebody may have removed it
  const log = names.find((name) => keepLog && name.endsWith('.log'));
  if (log === undefined) return rm(dataDir, { recursive: true, force: true });
  const others = names.filter((name) => name !== log);
  await Promise.all(others.map((name) => rm(join(dataDir, name), { recursive: true, force: true })));
  process.stderr.write(`The functions' log: ${join(dataDir, log)}\n`);
}

/**
 * Runs a command, undoes what it started, and ends the process.
 * @param work returns the exit code; one that throws prints its message and ends with 1
 */
export async function runCommand(name: string, work: (session: Session) => Promise<number>): Promise<never> {
  const signal = interruption();
  const cleanup = new AsyncDisposableStack();
  await mkdir(cloudDir, { recursive: true });
  const dataDir = await mkdtemp(join(cloudDir, `${name}-`));
  const working = work({ cleanup, dataDir, signal }).catch((error: unknown) => {
    if (signal.aborted) return interruptedCode;
    process.stderr.write(`\n${name}: ${messageOf(error)}\n`);
    return 1;
  });
  const code = await Promise.race([working, untilAborted(signal).then(() => interruptedCode)]);
  await cleanup.disposeAsync();
  // Work that was interrupted ends when it notices; it may be starting something that has to be stopped.
  await Promise.race([working, delay(graceMs, undefined, { ref: false })]);
  await removeData(dataDir, { keepLog: code === 1 });
  process.exit(code);
}
