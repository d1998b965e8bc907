import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const folder = join(root, 'dist/command');
const entry = join(folder, 'glance-ferry.js');

/** ms, of the whole process: somebody waits for it at a terminal. */
export const commandGoalMs = 150;

/** What the command's tarball has of code. */
export interface CommandSize {
  /** Bytes, of all files; what `--help` loads is a small part. */
  readonly size: number;
  readonly zippedSize: number;
}

/** Builds the command as it is packed. */
export const buildCommand = async (): Promise<CommandSize> => {
  await run('npm', ['run', '--silent', 'build:cli'], { cwd: root });
  const files = (await readdir(folder)).map((name) => join(folder, name));
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  const texts = await Promise.all(files.map((file) => readFile(file)));
  return {
    size: sizes.reduce((sum, size) => sum + size, 0),
    zippedSize: gzipSync(Buffer.concat(texts)).length,
  };
};

/** From the beginning to the end of a process, ms; of `node -e 0` where nothing is named. */
export const processMs = async (args: readonly string[] = ['-e', '0']): Promise<number> => {
  const startedMs = performance.now();
  await run(process.execPath, args);
  return performance.now() - startedMs;
};

export const helpMs = (): Promise<number> => processMs([entry, '--help']);
