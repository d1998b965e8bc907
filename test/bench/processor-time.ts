import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const ticksPerSecond = 100; // sysconf(_SC_CLK_TCK) on Linux

/** Seconds of CPU, user and system, that a process and its threads have used. /proc/[pid]/stat, fields 14 and 15. */
export const processorSeconds = (pid: number): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field, the name in parentheses, may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
};

const commandOf = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // it has ended
  }
};

/** The same of all processes whose command line has a word. */
export const processorSecondsOf = (word: string): number =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && commandOf(name).includes(word))
    .reduce((sum, pid) => sum + processorSeconds(Number(pid)), 0);

const calm = 0.1; // of the cores
const calmMs = 500;

/** Waits until the disk has what was written and the machine does little: what the last contender left behind is done. */
export const untilCalm = async (patienceMs = 30_000): Promise<void> => {
  await promisify(execFile)('sync');
  for (const end = Date.now() + patienceMs; Date.now() < end; ) {
    const before = machineBusySeconds();
    await delay(calmMs);
    const share = (machineBusySeconds() - before) / ((calmMs / 1000) * availableParallelism());
    if (share < calm) return;
  }
};

/** Seconds for which the machine's cores were at work since its start, all processes together. */
export const machineBusySeconds = (): number =>
  cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) / 1000;
