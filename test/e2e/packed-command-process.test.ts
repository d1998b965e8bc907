import { execFile } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installCommand, packCommand } from '../cloud/packed-command.ts';
import { answering, pemFile, serve } from '../unit/http/byte-server.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
let dir: string;
let packed: Awaited<ReturnType<typeof packCommand>>;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'glance-ferry-pack-'));
  packed = await packCommand(dir);
});

afterAll(() => rm(dir, { recursive: true, force: true }));

/** Of the PATH: the one that came with npm ci, and what this machine has. */
const nodes = [
  ...new Set(
    (process.env['PATH'] ?? '')
      .split(delimiter)
      .map((folder) => join(folder, 'node'))
      .filter((file) => existsSync(file))
      .map((file) => realpathSync(file)),
  ),
];

interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const installed = () => join(dir, 'empty/node_modules/.bin/glance-ferry');

/** The command as it is installed, in the empty folder. */
const glanceFerry = async (
  node: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Said> => {
  const cwd = join(dir, 'empty');
  try {
    const { stdout, stderr } = await run(node, [installed(), ...args], { cwd, env: { ...env } });
    return { code: 0, stdout, stderr };
  } catch (error) {
    return error as Said;
  }
};

test('the packed command is installed in an empty folder without a network, and needs no other package', async () => {
  const folder = join(dir, 'empty');
  expect(await installCommand(packed.tarball, folder)).toBe(installed());
  expect((await readdir(join(folder, 'node_modules'))).filter((name) => !name.startsWith('.'))).toEqual([
    'glance-ferry',
  ]);
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  expect((await run(installed(), ['--version'])).stdout).toBe(`${version}\n`);
});

describe.each(nodes)('with %s', (node) => {
  test('it has help, wrong use, and a completion', async () => {
    expect((await glanceFerry(node, ['--help'])).stdout).toMatch(/^Usage: glance-ferry [\s\S]*\n {2}copy /);
    expect(await glanceFerry(node, ['copy'])).toMatchObject({ code: 64, stdout: '' });
    expect((await glanceFerry(node, ['completion', 'bash'])).stdout).toContain('complete -o default');
  });

  test('who reads no further than a line gets no more', async () => {
    const piped = `'${node}' '${installed()}' --help | head -n 1; sleep 0.1`;
    const { stdout, stderr } = await run('sh', ['-c', piped], { env: { PATH: process.env['PATH'] } });
    expect({ stdout, stderr }).toEqual({ stdout: 'Usage: glance-ferry [options] [command]\n', stderr: '' });
  });

  test('it reads policies, and says by line what is wrong with one', async () => {
    await writeFile(join(dir, 'empty/policy.yaml'), 'name: x\nfoo: 1\n');
    const { code, stderr } = await glanceFerry(node, ['sync', 'policy.yaml']);
    expect(code).toBe(1);
    expect(stderr).toContain('policy.yaml:2:1: foo is not known');
  });

  test('it trusts a private CA that an openrc names, and no other', async () => {
    const refusal = 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n';
    const { url } = await serve(answering(refusal), { isSecure: true, certificate: 'signed' });
    const openrc = { OS_AUTH_URL: `${url}/v3`, OS_TOKEN: 't', OS_REGION_NAME: 'R1' };
    const copy = async (env: Readonly<Record<string, string>>) =>
      (await glanceFerry(node, ['copy', 'image', '--to', 'R2'], { ...openrc, ...env })).stderr;
    expect(await copy({})).toContain('its certificate is not trusted');
    const trusting = await copy({ OS_CACERT: fileURLToPath(pemFile('authority')) });
    expect(trusting).toContain('Failed to authenticate');
    expect(trusting).not.toContain('certificate');
  });

  test('it reads clouds.yaml, and says who does not answer', async () => {
    const auth = {
      auth_url: 'http://127.0.0.1:1/v3',
      application_credential_id: 'i',
      application_credential_secret: 's',
    };
    await writeFile(
      join(dir, 'empty/clouds.yaml'),
      JSON.stringify({ clouds: { here: { auth, region_name: 'R1' } } }),
    );
    for (const command of ['copy', 'wait', 'cancel', 'publish']) {
      const { code, stderr } = await glanceFerry(node, [
        command,
        'image',
        '--to',
        'R2',
        '--os-cloud',
        'here',
      ]);
      expect(code).toBe(1);
      expect(stderr).toContain('connect ECONNREFUSED 127.0.0.1:1');
    }
  });
});

test('packing leaves package.json as it was', async () => {
  const manifest = (of: string) => readFile(join(of, 'package.json'), 'utf8');
  expect(await manifest(packed.clone)).toBe(await manifest(root));
});
