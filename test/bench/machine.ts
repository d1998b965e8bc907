import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';

const firstLine = (command: string, ...args: readonly string[]): string => {
  try {
    const text = execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    return text.split(/\n| \(| Python/)[0] ?? '';
  } catch {
    return `no ${command}`;
  }
};

const gib = (bytes: number): string => `${Math.round(bytes / 1024 ** 3)} GiB`;

/** The machine in one line, with how busy it was before the run. */
export const machine = (): string => {
  const [busy = 0] = loadavg();
  const model = cpus()[0]?.model ?? 'unknown';
  return `${availableParallelism()} × ${model}, ${gib(totalmem())}, load ${busy.toFixed(1)} before the run`;
};

/** The commit that was measured, and whether the code differs from it. */
export const commit = (): string => {
  const changed = firstLine('git', 'status', '--porcelain', '--', 'functions', 'lib', 'package-lock.json');
  return `${firstLine('git', 'rev-parse', '--short', 'HEAD')}${changed === '' ? '' : ' with changes'}`;
};

/** Versions of what takes part beside us. @param tools command lines that print a version */
export const versions = (tools: readonly (readonly [string, ...string[]])[]): string =>
  [`Node ${process.version}`, ...tools.map(([command, ...args]) => firstLine(command, ...args))].join(', ');
