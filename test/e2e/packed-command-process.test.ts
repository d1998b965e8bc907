import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
/** All that `npm pack` of a clone reads: packing rewrites package.json for a moment, so not in this clone. */
const packed = ['package.json', 'tsconfig.json', 'LICENSE', 'README.md', 'docs', 'schemas', 'cli', 'lib'];

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'glance-ferry-pack-'));
  const clone = join(dir, 'clone');
  await mkdir(clone);
  for (const name of packed) await cp(join(root, name), join(clone, name), { recursive: true });
  await symlink(join(root, 'node_modules'), join(clone, 'node_modules'));
  await run('npm', ['pack', '--pack-destination', dir, '--loglevel=error'], { cwd: clone });
  await mkdir(join(dir, 'empty'));
});

afterAll(() => rm(dir, { recursive: true, force: true }));

const glanceFerry = (...args: readonly string[]) =>
  run(join(dir, 'empty/node_modules/.bin/glance-ferry'), args, { env: { PATH: process.env['PATH'] } });

test('the packed command is installed in an empty folder without a network, and needs no other package', async () => {
  const cwd = join(dir, 'empty');
  const tarball = (await readdir(dir)).find((name) => name.endsWith('.tgz')) ?? '';
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', join(dir, tarball)], { cwd });
  expect((await readdir(join(cwd, 'node_modules'))).filter((name) => !name.startsWith('.'))).toEqual([
    'glance-ferry',
  ]);
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  expect((await glanceFerry('--version')).stdout).toBe(`${version}\n`);
  expect((await glanceFerry('--help')).stdout).toMatch(/^Usage: glance-ferry /);
});

test('packing leaves package.json as it was', async () => {
  const manifest = (of: string) => readFile(join(of, 'package.json'), 'utf8');
  expect(await manifest(join(dir, 'clone'))).toBe(await manifest(root));
});
