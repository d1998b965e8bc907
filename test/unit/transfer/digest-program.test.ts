import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import manifest from '../../../package.json' with { type: 'json' };
import { bundleOptions } from '../../bench/bundles.ts';

// The thread's program is the text of a function, as whatever has compiled it has left it.

const run = promisify(execFile);
const root = new URL('../../..', import.meta.url).pathname;
const entry = new URL('digest-process.ts', import.meta.url).pathname;

const sevens = Buffer.alloc(1000, 7);
const [nothing, sum] = [Buffer.alloc(0), Buffer.alloc(4)];
sum.writeUInt32BE(crc32(sevens));
const base64 = (algorithm: string, bytes: Buffer) => createHash(algorithm).update(bytes).digest('base64');
const whole = {
  sha512: createHash('sha512').update(sevens).digest('hex'),
  shake_128: createHash('shake128', { outputLength: 20 }).update(sevens).digest('hex'),
};
const expected = [
  { parts: ['', ''], ...whole },
  { parts: [sum.toString('base64'), 'AAAAAA=='], ...whole },
  { parts: [base64('md5', sevens), base64('md5', nothing)], ...whole },
  { parts: [base64('sha256', sevens), base64('sha256', nothing)], ...whole },
];

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'glance-ferry-digests-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** With the options of serverless.yml but for the format, which has no top-level await. */
const bundled = async (): Promise<string> => {
  const { options } = await bundleOptions();
  const file = join(dir, 'bundled.mjs');
  await build({ ...options, format: 'esm', entryPoints: [entry], outfile: file, logLevel: 'error' });
  return file;
};

/** With the very command of `npm run build:worker`. */
const asWorker = async (): Promise<string> => {
  const file = join(dir, 'worker.mjs');
  const command = manifest.scripts['build:worker']
    .replace('worker/worker.ts', entry)
    .replace('dist/worker.mjs', file);
  expect(command).toMatch(/digest-process.*worker\.mjs/);
  const path = `${join(root, 'node_modules/.bin')}:${process.env['PATH']}`;
  await run('sh', ['-c', command], { cwd: root, env: { ...process.env, PATH: path } });
  return file;
};

describe('the digests’ thread runs', () => {
  test.each([
    ['without its types, as Node strips them', () => Promise.resolve(entry)],
    ['bundled and minified for a function', bundled],
    ['bundled and minified for a worker', asWorker],
  ])('%s', async (_how, make) => {
    const { stdout } = await run(process.execPath, [await make()], { env: {} });
    expect(JSON.parse(stdout)).toEqual(expected);
  });
});
