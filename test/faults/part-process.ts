import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Part } from './cases.ts';
import { readOptions } from './options.ts';
import type { Tally } from './report.ts';
import { runPart } from './run-part.ts';

// What has died in a run still waits, for ever: thousands of runs fill a process's memory. So a whole run has several, one
// after the other, and a core for each that is at work.

const file = fileURLToPath(import.meta.url);

/**
 * @param args of the command
 * @throws Error when the process has ended without a result
 */
export const runPartElsewhere = async (
  args: readonly string[],
  { number, of }: Part,
): Promise<readonly Tally[]> => {
  const child = spawn(process.execPath, [file, `${number}/${of}`, ...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  let tallies: readonly Tally[] | undefined;
  child.on('message', (message) => {
    tallies = message as readonly Tally[];
  });
  const [code] = await once(child, 'close');
  if (!tallies) throw new Error(`part ${number} of ${of} has ended with ${code}, and told nothing`);
  return tallies;
};

if (import.meta.main) {
  const [part = '', ...args] = process.argv.slice(2);
  const [number = 0, of = 1] = part.split('/').map(Number);
  const tallies = await runPart(readOptions(args), { number, of });
  // What has died still waits: the loop would not end by itself.
  process.send?.(tallies, () => process.exit());
}
