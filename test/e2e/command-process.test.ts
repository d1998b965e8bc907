import { type ChildProcessByStdio, execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectNothingStays } from '../integration/nothing-left.ts';
import { expectWaiting, glanceOf, holdBack, MiB, newSource, nineRegions } from '../integration/one-source.ts';
import { useFerry } from '../integration/use-ferry.ts';
import { openrcOf } from '../replication/command/command.ts';
import { type ServedFerry, serveFerry } from '../replication/command/served-ferry.ts';

// The command as it is packed, in a process of its own: in a pipe, and in a real terminal where there is tmux.

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const command = join(root, 'dist/command/glance-ferry.js');

const ferry = useFerry({ ...nineRegions, env: { ...nineRegions.env, HEARTBEAT_S: '2', RETRY_DELAY_S: '1' } });
let served: ServedFerry;
let env: Record<string, string>;
let dir: string;

beforeAll(async () => {
  await run('npm', ['run', '--silent', 'build:cli'], { cwd: root });
  served = await serveFerry(ferry);
  env = openrcOf('demo', { authUrl: ferry.openstack.authUrl, url: served.url, region: 'REGION1' });
  dir = await mkdtemp(join(tmpdir(), 'glance-ferry-tmux-'));
});
afterAll(async () => {
  await served.stop();
  await rm(dir, { recursive: true, force: true });
});

const start = (...args: readonly string[]): ChildProcessByStdio<null, Readable, Readable> =>
  spawn(process.execPath, [command, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });

const ended = async (child: ReturnType<typeof start>) => {
  const code = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, stdout, stderr };
};

test('Ctrl-C leaves the imports running, says how to go on, and prints no control character in a pipe', async () => {
  const source = await newSource(ferry, MiB);
  const release = holdBack(ferry, source);
  const copying = start('copy', source.id, '--to', 'REGION2,REGION3', '--json');
  const interrupted = ended(copying);
  await expectWaiting(ferry, 2);
  copying.kill('SIGINT');
  const { code, stdout, stderr } = await interrupted;
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    REGION2: { status: 'running' },
    REGION3: { status: 'running' },
  });
  expect(stderr).toContain(`glance-ferry wait ${source.id} --from REGION1 --to REGION2,REGION3`);
  expect(`${stdout}${stderr}`.replaceAll('\n', '')).toMatch(/^\P{Control}*$/u);
  release();
  const waited = await ended(start('wait', source.id, '--to', 'REGION2,REGION3', '--json'));
  expect(waited).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(waited.stdout)).toMatchObject({
    REGION2: { status: 'active' },
    REGION3: { status: 'active' },
  });
  await expectNothingStays(ferry);
});

const hasTmux = (): boolean => {
  try {
    execFileSync('tmux', ['-V']);
    return true;
  } catch {
    return false;
  }
};

/** A terminal of its own. */
const terminal = (columns: number) => {
  const server = `ferry-${process.pid}-${columns}`;
  const tmux = async (...args: readonly string[]) => (await run('tmux', ['-L', server, ...args])).stdout;
  return {
    start: (script: string) =>
      tmux('new-session', '-d', '-x', `${columns}`, '-y', '12', '-s', 'a', `bash ${script}; sleep 60`),
    lines: async () =>
      (await tmux('capture-pane', '-p', '-t', 'a')).split('\n').filter((line) => line !== ''),
    end: () => tmux('kill-server').catch(() => ''),
  };
};

test.runIf(hasTmux()).each([80, 120])(
  'in a terminal of %i columns a bar for each region has room, and is written over',
  async (columns) => {
    const source = await newSource(ferry, 12 * MiB);
    const release = holdBack(ferry, source, 10 * MiB);
    const script = join(dir, `copy-${columns}.sh`);
    const exported = Object.entries(env).map(([name, value]) => `export ${name}='${value}'\n`);
    const called = `'${process.execPath}' '${command}' copy ${source.id} --to REGION2,REGION3,REGION4\n`;
    await writeFile(script, `${exported.join('')}${called}`);
    const { start: open, lines, end } = terminal(columns);
    await open(script);
    try {
      const bars = [2, 3, 4].map((number) =>
        expect.stringMatching(new RegExp(`^REGION${number}  \\[#+\\.+\\]  83 %.*  copying$`)),
      );
      await expect.poll(lines, { timeout: 60_000 }).toEqual(bars);
      release();
      const active = [2, 3, 4].map((number) =>
        expect.stringMatching(new RegExp(`^REGION${number}  \\[#+\\] 100 % +active$`)),
      );
      const results = [2, 3, 4].map((number) =>
        expect.stringMatching(new RegExp(`^REGION${number}  active  \\S{36}  12 MiB in 0:\\d\\d$`)),
      );
      await expect.poll(lines, { timeout: 60_000 }).toEqual([...active, ...results]);
    } finally {
      await end();
      glanceOf(ferry, 'REGION1').clearFaults();
    }
  },
);
