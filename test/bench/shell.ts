import { spawn } from 'node:child_process';
import { once } from 'node:events';

type Env = Readonly<Record<string, string>>;

/** What a command line took. */
export interface Ran {
  readonly seconds: number;
  /** CPU seconds, user and system, of all its processes. */
  readonly processorS: number;
}

/**
 * Runs a command line under bash; a failure anywhere in a pipeline is one of the whole.
 * @throws Error with what it wrote to stderr
 */
export const shell = async (command: string, env: Env = {}): Promise<Ran> => {
  const timed = `set -o pipefail; TIMEFORMAT='%R %U %S'; time { ${command}; }`;
  const bash = spawn('bash', ['-c', timed], {
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let written = '';
  bash.stderr.setEncoding('utf8').on('data', (piece: string) => {
    written += piece;
  });
  const [code] = await once(bash, 'close');
  if (code !== 0) throw new Error(`${command} ended (${code}): ${written}`);
  const [seconds = 0, user = 0, system = 0] = (written.trim().split('\n').at(-1) ?? '')
    .split(' ')
    .map(Number);
  return { seconds, processorS: user + system };
};
