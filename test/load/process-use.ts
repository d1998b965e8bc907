import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** What a process holds at a moment. */
export interface Use {
  /** MiB; the resident set. */
  readonly memoryMiB: number;
  readonly sockets: number;
  /** Open files, pipes and the like: all descriptors but sockets. */
  readonly handles: number;
}

/** A descriptor that is closed while it is looked at counts for nothing. */
const targetOf = (path: string): string | undefined => {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
};

/** From /proc, so that the process need not help. @throws Error when it has ended */
export const useOf = (pid: number): Use => {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const directory = `/proc/${pid}/fd`;
  const targets = readdirSync(directory).map((fd) => targetOf(`${directory}/${fd}`));
  const open = targets.filter((target) => target !== undefined);
  const sockets = open.filter((target) => target.startsWith('socket:')).length;
  return {
    memoryMiB: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024,
    sockets,
    handles: open.length - sockets,
  };
};
