import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

const ticksPerSecond = 100; // sysconf(_SC_CLK_TCK) on Linux

/** Seconds of CPU, user and system, that a process and its threads have used. /proc/[pid]/stat, fields 14 and 15. */
export const processorSeconds = (pid: number): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field, the name in parentheses, may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
};

/** Seconds for which the machine's cores were at work since its start, all processes together. */
export const machineBusySeconds = (): number =>
  cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) / 1000;
