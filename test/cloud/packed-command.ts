import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
/** All that `npm pack` of a clone reads: packing rewrites package.json for a moment, so not in this clone. */
const packed = ['package.json', 'tsconfig.json', 'LICENSE', 'README.md', 'docs', 'schemas', 'cli', 'lib'];

/**
 * Packs the command as `npm pack` of a clone does.
 * @param dir for the clone and the tarball
 */
export const packCommand = async (
  dir: string,
): Promise<{ readonly clone: string; readonly tarball: string }> => {
  const clone = join(dir, 'clone');
  await mkdir(clone, { recursive: true });
  for (const name of packed) await cp(join(root, name), join(clone, name), { recursive: true });
  await symlink(join(root, 'node_modules'), join(clone, 'node_modules'));
  await run('npm', ['pack', '--pack-destination', dir, '--loglevel=error'], { cwd: clone });
  const tarball = (await readdir(dir)).find((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw new Error('npm pack has left no tarball');
  return { clone, tarball: join(dir, tarball) };
};

/** Installs a packed command in a folder, without a network. @returns the path of its program */
export const installCommand = async (tarball: string, folder: string): Promise<string> => {
  await mkdir(folder, { recursive: true });
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], { cwd: folder });
  return join(folder, 'node_modules/.bin/glance-ferry');
};
