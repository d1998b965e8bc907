import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const file = fileURLToPath(new URL('./generated-requests.ts', import.meta.url));

/**
 * Generated requests to the HTTP functions, in a process of their own, which nothing is intercepted in.
 * @returns the last line that it printed, which sums up, and whether every promise was kept
 */
export const sendGeneratedRequests = async (asked: {
  readonly count: number;
  readonly seed: number;
}): Promise<{ readonly summary: string; readonly isKept: boolean }> => {
  const options = ['--count', `${asked.count}`, '--seed', `${asked.seed}`];
  const child = spawn(process.execPath, [file, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  let summary = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    process.stdout.write(text);
    summary = text.trimEnd().split('\n').at(-1) ?? summary;
  });
  const [code] = await once(child, 'close');
  return { summary, isKept: code === 0 };
};
