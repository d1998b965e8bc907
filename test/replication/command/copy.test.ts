import { execFileSync } from 'node:child_process';
import { once as happens } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { expectNothingStays } from '../../integration/nothing-left.ts';
import {
  expectWaiting,
  formats,
  glanceOf,
  holdBack,
  MiB,
  newSource,
  once,
  timesAsked,
} from '../../integration/one-source.ts';
import { callCommand } from './command.ts';
import { useCommand } from './use-command.ts';

const { ferry, served, demo } = useCommand();

afterEach(() => {
  for (const region of ['REGION1', 'REGION2', 'REGION3']) glanceOf(ferry, region).clearFaults();
});

const posts = () => served.requests.filter((request) => request.startsWith('POST'));
const imageOf = (region: string, id: unknown) => glanceOf(ferry, region).image(String(id));

describe('copy to two regions', () => {
  test('is active in both, with provenance and what was asked for, and reads the source once', async () => {
    const source = await newSource(ferry, 3 * MiB, { name: 'Debian 13', os_distro: 'debian', tags: ['lts'] });
    const args = ['copy', 'Debian 13', '--to', 'REGION2,REGION3', '--property', 'team=a', '--json'];
    const { code, json, complaints } = await callCommand(args, demo);
    expect({ code, complaints }).toEqual({ code: 0, complaints: '' });
    const hash = `sha512:${source.os_hash_value}`;
    const active = { status: 'active', bytes: 3 * MiB, hash, reason: null, seconds: expect.any(Number) };
    expect(json()).toEqual({
      REGION2: { id: expect.any(String), ...active },
      REGION3: { id: expect.any(String), ...active },
    });
    for (const [region, { id }] of Object.entries(json()))
      expect(imageOf(region, id)).toMatchObject({
        ...{ status: 'active', os_hash_value: source.os_hash_value, name: 'Debian 13', os_distro: 'debian' },
        ...{ team: 'a', tags: ['lts'], ferry_source_region: 'REGION1', ferry_source_id: source.id },
      });
    expect(timesAsked(ferry, source)).toEqual(once(source));
    await expectNothingStays(ferry);
  });

  test('a second time moves no byte and asks for no import', async () => {
    const source = await newSource(ferry, MiB);
    const args = ['copy', source.id, '--to', 'REGION2,REGION3', '--json'];
    const first = await callCommand(args, demo);
    served.requests.length = 0;
    const second = await callCommand(args, demo);
    expect(second.code).toBe(0);
    for (const region of ['REGION2', 'REGION3'])
      expect(second.json()[region]).toMatchObject({ id: first.json()[region]?.['id'], status: 'active' });
    expect(posts()).toEqual([]);
    expect(timesAsked(ferry, source)).toEqual(once(source));
  });

  test('of which one fails is exit code 2, and the other one is there', async () => {
    const source = await newSource(ferry, MiB);
    const args = ['copy', source.id, '--to', 'REGION2,REGION99'];
    const { code, stdout } = await callCommand(args, demo);
    expect(code).toBe(2);
    expect(stdout).toMatch(
      /^REGION2 +active {2}[-0-9a-f]{36} {2}1 MiB in \d:\d\d\nREGION99 {2}failed {2}.*not in the catalog/,
    );
  });

  test('of which none comes is exit code 1', async () => {
    const source = await newSource(ferry, 0);
    const { code, stdout } = await callCommand(['copy', source.id, '--to', 'REGION98,REGION99'], demo);
    expect(code).toBe(1);
    expect(stdout.match(/ failed /g)).toHaveLength(2);
  });
});

test('an import that fails for good says why, and which record it leaves', async () => {
  const source = await newSource(ferry, MiB);
  glanceOf(ferry, 'REGION1').change(source.id, { os_hash_value: 'e'.repeat(128) });
  const { code, json } = await callCommand(['copy', source.id, '--to', 'REGION2', '--json'], demo);
  expect(code).toBe(1);
  const reason = expect.stringContaining('e'.repeat(128));
  expect(json()).toMatchObject({ REGION2: { id: expect.any(String), status: 'failed', reason } });
  expect(imageOf('REGION2', json()['REGION2']?.['id'])).toMatchObject({ status: 'queued' });
});

test('--id same, --name and --visibility', async () => {
  const source = await newSource(ferry, MiB, { visibility: 'community' });
  const args = [
    'copy',
    source.id,
    '--to',
    'REGION2',
    '--id',
    'same',
    '--name',
    'mine',
    '--visibility',
    'private',
  ];
  expect((await callCommand(args, demo)).code).toBe(0);
  expect(imageOf('REGION2', source.id)).toMatchObject({
    status: 'active',
    name: 'mine',
    visibility: 'private',
  });
});

test('--id same beside a copy with an id of its own tells the one that was asked for', async () => {
  const source = await newSource(ferry, MiB);
  const asked = ['copy', source.id, '--to', 'REGION2', '--json'];
  const own = (await callCommand(asked, demo)).json()['REGION2']?.['id'];
  expect(own).not.toBe(source.id);
  for (const more of [['--no-wait'], []]) {
    const { json } = await callCommand([...asked, '--id', 'same', ...more], demo);
    expect(json()).toMatchObject({ REGION2: { id: source.id } });
  }
  expect((await callCommand(asked, demo)).json()).toMatchObject({ REGION2: { status: 'active' } });
});

test("beside another project's image of the source's id, copy and wait tell the caller's own copy", async () => {
  const source = await newSource(ferry, MiB);
  const args = [source.id, '--to', 'REGION2', '--json'];
  const { id } = (await callCommand(['copy', ...args], demo)).json()['REGION2'] ?? {};
  await delay(1100); // which is younger, Glance says in seconds
  const theirs = { ...formats, id: source.id, name: 'theirs', owner: 'other', visibility: 'public' } as const;
  await glanceOf(ferry, 'REGION2').createImage(theirs, 'data');
  for (const command of ['copy', 'wait']) {
    const { code, json } = await callCommand([command, ...args], demo);
    expect({ command, code }).toEqual({ command, code: 0 });
    expect(json()).toMatchObject({ REGION2: { id, status: 'active' } });
  }
});

test("another project's image is copied as a private one, unless it is asked for otherwise", async () => {
  const source = await newSource(ferry, MiB, { visibility: 'community', owner: 'other' });
  const { json } = await callCommand(['copy', source.id, '--to', 'REGION2', '--json'], demo);
  expect(imageOf('REGION2', json()['REGION2']?.['id'])).toMatchObject({ visibility: 'private' });
  await callCommand(['copy', source.id, '--to', 'REGION2', '--visibility', 'source'], demo);
  expect(imageOf('REGION2', json()['REGION2']?.['id'])).toMatchObject({ visibility: 'community' });
});

test('--retire-older hides the one before, when the new one is there', async () => {
  const before = await newSource(ferry, MiB, { name: 'nightly' });
  const first = await callCommand(['copy', before.id, '--to', 'REGION2', '--json'], demo);
  await delay(1100); // which is older, Glance says in seconds
  const now = await newSource(ferry, MiB, { name: 'nightly' });
  const second = await callCommand(['copy', now.id, '--to', 'REGION2', '--retire-older', '--json'], demo);
  expect(second.code).toBe(0);
  expect(imageOf('REGION2', first.json()['REGION2']?.['id'])).toMatchObject({ os_hidden: true });
  expect(imageOf('REGION2', second.json()['REGION2']?.['id'])).toMatchObject({ os_hidden: false });
});

test('a copy that is not made, since a younger one is there, is told and is exit code 1', async () => {
  const older = await newSource(ferry, MiB, { name: 'outrun' });
  await delay(1100); // which is older, Glance says in seconds
  const younger = await newSource(ferry, MiB, { name: 'outrun' });
  await callCommand(['copy', younger.id, '--to', 'REGION2'], demo);
  const args = ['copy', older.id, '--to', 'REGION2', '--retire-older', '--json'];
  const { code, json } = await callCommand(args, demo);
  expect(code).toBe(1);
  expect(json()).toMatchObject({
    REGION2: { id: null, status: 'failed', reason: expect.stringContaining('retention would not keep it') },
  });
});

/** What a shell makes of the line that is to be pasted, without the program. */
const pasted = (stderr: string): readonly string[] => {
  const line = stderr.split('\n').find((one) => one.startsWith('  glance-ferry wait ')) ?? '';
  const script = `set -- ${line.trim()}; shift; printf '%s\\0' "$@"`;
  return execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);
};

test('--no-wait says how to go on: that line, pasted into a shell, ends where copy would have ended', async () => {
  const source = await newSource(ferry, MiB);
  const release = holdBack(ferry, source);
  const property = 'note=it\'s "here" & $HOME';
  const wanted = ['--visibility', 'community', '--property', property, '--name', 'my copy'];
  const args = ['copy', source.id, '--to', 'REGION2', '--no-wait', '--json', ...wanted];
  const begun = await callCommand(args, demo);
  expect(begun.json()).toMatchObject({ REGION2: { status: 'running', id: expect.any(String) } });
  expect(begun.code).toBe(0);
  expect(begun.stderr).toContain(
    `glance-ferry wait ${source.id} --from REGION1 --to REGION2 --name 'my copy'`,
  );
  release();
  served.requests.length = 0;
  const id = begun.json()['REGION2']?.['id'];
  const waited = await callCommand([...pasted(begun.stderr), '--json'], demo);
  expect(waited).toMatchObject({ code: 0, complaints: '' });
  expect(waited.json()).toMatchObject({ REGION2: { status: 'active', id, reason: null } });
  expect(imageOf('REGION2', id)).toMatchObject({
    ...{ name: 'my copy', visibility: 'community', note: 'it\'s "here" & $HOME' },
  });
  expect(posts()).toEqual([]);
  expect(timesAsked(ferry, source)).toEqual(once(source));
});

test('Ctrl-C before an import was asked for says so, and not that it goes on', async () => {
  const source = await newSource(ferry, MiB);
  const ctrlC = new AbortController();
  const silent = createServer(() => ctrlC.abort(new Error('SIGINT'))).listen(0, '127.0.0.1');
  await happens(silent, 'listening');
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const args = ['copy', source.id, '--to', 'REGION2', '--json', '--url', url];
  const { code, stderr, json } = await callCommand(args, demo, { signal: ctrlC.signal });
  silent.closeAllConnections();
  silent.close();
  expect(code).toBe(1);
  expect(json()).toMatchObject({ REGION2: { status: 'not begun' } });
  expect(stderr).not.toContain('go on by themselves');
});

test.each([
  ['the same copy', () => ['copy']],
  ['the line that is told', pasted],
] as const)(
  'Ctrl-C leaves the imports running; %s then moves no byte again and sets what comes last',
  async (_, how) => {
    const source = await newSource(ferry, MiB, { visibility: 'community' });
    const release = holdBack(ferry, source);
    const ctrlC = new AbortController();
    const args = ['copy', source.id, '--to', 'REGION2,REGION3', '--json'];
    const interrupted = callCommand(args, demo, { signal: ctrlC.signal, columns: 80 });
    await expectWaiting(ferry, 2);
    ctrlC.abort(new Error('SIGINT'));
    const { code, stderr, json } = await interrupted;
    expect(code).toBe(1);
    const running = { id: expect.any(String), status: 'running' };
    expect(json()).toMatchObject({ REGION2: running, REGION3: running });
    release();
    const [command = '', ...rest] = how(stderr);
    const again = await callCommand(command === 'copy' ? args : [command, ...rest, '--json'], demo);
    expect(again.code).toBe(0);
    for (const [region, { id }] of Object.entries(again.json()))
      expect(imageOf(region, id)).toMatchObject({ status: 'active', visibility: 'community' });
    expect(Object.keys(again.json())).toEqual(['REGION2', 'REGION3']);
    expect(timesAsked(ferry, source)).toEqual(once(source));
    await expectNothingStays(ferry);
  },
);

test('wait finishes a copy whose source was deleted once its bytes were there', async () => {
  const source = await newSource(ferry, MiB, { visibility: 'community' });
  const args = [source.id, '--to', 'REGION2', '--json'];
  const { id } = (await callCommand(['copy', ...args, '--no-wait'], demo)).json()['REGION2'] ?? {};
  await expect.poll(() => imageOf('REGION2', id)?.status).toBe('active');
  expect(imageOf('REGION2', id)).toMatchObject({ visibility: 'private' });
  const headers = { 'x-auth-token': ferry.openstack.issueToken('demo') };
  await fetch(`${glanceOf(ferry, 'REGION1').url}/v2/images/${source.id}`, { method: 'DELETE', headers });
  const { code, json } = await callCommand(['wait', ...args.toSpliced(0, 1, String(id))], demo);
  expect(json()).toMatchObject({ REGION2: { id, status: 'active', reason: null } });
  expect(code).toBe(0);
  const finished = imageOf('REGION2', id);
  expect(finished).toMatchObject({ visibility: 'community' });
  expect(finished).not.toHaveProperty('ferry_unfinished');
});

test('on a terminal there is a bar for each region, in a pipe not one control character', async () => {
  const source = await newSource(ferry, 12 * MiB);
  const release = holdBack(ferry, source, 10 * MiB);
  const args = ['copy', source.id, '--to', 'REGION2,REGION3'];
  const { promise: isShown, resolve: shown } = Promise.withResolvers<void>();
  const watch = (text: string) => (text.match(/83 %/g)?.length === 2 ? shown() : undefined);
  const [onTerminal, inPipe] = [callCommand(args, demo, { columns: 80, watch }), callCommand(args, demo)];
  await isShown;
  release();
  const { stderr } = await onTerminal;
  expect(stderr).toContain('\x1b[2A\r');
  expect(stderr).toMatch(/REGION2 {2}\[#+\.+\] +83 % .* copying/);
  const { stdout, stderr: log } = await inPipe;
  expect(`${stdout}${log}`.replaceAll('\n', '')).toMatch(/^\P{Control}*$/u);
});

test.each([
  ['without regions', ['copy', 'x']],
  ['with a visibility that there is not', ['copy', 'x', '--to', 'A', '--visibility', 'secret']],
  ['with a property that is none', ['copy', 'x', '--to', 'A', '--property', 'a']],
  ['with a time that is none', ['copy', 'x', '--to', 'A', '--timeout', 'soon']],
  ['with an empty region', ['copy', 'x', '--to', 'A,,B']],
  ['into its own region', ['copy', 'x', '--to', 'REGION1']],
])('a call %s is wrong use', async (_, args) => {
  const { code, stdout, stderr } = await callCommand(args, demo);
  expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
  expect(stderr).not.toBe('');
});
