import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/**
 * The OS_* variables an openrc exports, by sourcing it in bash as its users do. It cannot ask for a password: stdin is
 * closed, and the functions need none.
 * @throws Error if bash cannot read it, or it names no Keystone
 */
export async function readOpenrc(file: string): Promise<Record<string, string>> {
  const script = 'set -a; source "$1" >/dev/null </dev/null || exit; env -0';
  const { stdout } = await promisify(execFile)('bash', ['-c', script, 'openrc', file], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'] },
  });
  const pairs = stdout.split('\0').map((pair) => /^(OS_\w+)=(.*)$/s.exec(pair));
  const variables = Object.fromEntries(pairs.flatMap((match) => (match ? [[match[1], match[2]]] : [])));
  if (!variables['OS_AUTH_URL']) throw new Error(`${file} does not set OS_AUTH_URL`);
  return variables as Record<string, string>;
}
