import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Quotas } from '../../cloud/openstack/glance/usage.ts';
import { glanceOf, holdBack, MiB, newSource, once, timesAsked } from '../../integration/one-source.ts';
import { callCommand, openrcOf } from './command.ts';
import { useCommand } from './use-command.ts';

const { ferry, served, demo } = useCommand();
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'glance-ferry-command-'));
});
afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
});

/** A policy for the images with a tag, and the file that it is in. */
const policyFor = async (tag: string, targets: readonly string[], more = ''): Promise<string> => {
  const file = join(dir, `${tag}.yaml`);
  const regions = targets.map((region) => `  - region: ${region}\n`).join('');
  const text = `name: ${tag}\nsource:\n  region: REGION1\ntargets:\n${regions}select:\n  tags: [${tag}]\n${more}`;
  await writeFile(file, text);
  return file;
};

test('sync shows what it would do, does it, and then finds nothing to do', async () => {
  const sources = [
    await newSource(ferry, 2 * MiB, { name: 'one', tags: ['all'] }),
    await newSource(ferry, 3 * MiB, { name: 'two', tags: ['all'] }),
  ];
  await newSource(ferry, MiB, { name: 'three' });
  const file = await policyFor('all', ['REGION2', 'REGION3']);
  const dry = await callCommand(['sync', file, '--dry-run'], demo);
  expect(dry).toMatchObject({ code: 0, complaints: '' });
  expect(dry.stdout).toMatch(/^region +action +image +name +bytes +why\nREGION2 +copy /);
  expect(dry.stdout).toMatch(/\n4 to copy \(10(\.0)? MiB\), 0 to update, 0 to retire, 0 left as they are\n$/);
  expect(glanceOf(ferry, 'REGION2').images()).toEqual([]);

  const before = await callCommand(['status', file], demo);
  expect(before.stdout).toMatch(/^all\nimage +id +REGION2 +REGION3\n(one|two) +\S+ +missing +missing\n/);
  const done = await callCommand(['sync', file, '--json'], demo);
  expect(done).toMatchObject({ code: 0, complaints: '' });
  const copied = { copied: 2, bytes: 5 * MiB, updated: 0, retired: 0, kept: 0, failed: 0 };
  expect(done.json()).toEqual({ regions: { REGION2: copied, REGION3: copied }, changes: [] });
  for (const source of sources) expect(timesAsked(ferry, source)).toEqual(once(source));
  for (const region of ['REGION2', 'REGION3'])
    expect(glanceOf(ferry, region).images()).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: 'one', status: 'active', ferry_policy: 'all' }),
      ]),
    );

  const again = await callCommand(['sync', 'all'], { ...demo, POLICIES_DIR: dir });
  expect(again).toMatchObject({ code: 0, stdout: 'Everything is as the policy says.\n' });
  const after = await callCommand(['status', '--json'], { ...demo, POLICIES_DIR: dir });
  const states = { REGION2: 'in sync', REGION3: 'in sync' };
  expect(after.json()).toMatchObject({ policy: 'all', images: [{ states }, { states }], failed: {} });
});

test('status finds the replicas of a policy that spells its regions in another case', async () => {
  await newSource(ferry, MiB, { name: 'spelt', tags: ['spelt'] });
  const file = await policyFor('spelt', ['region2']);
  await writeFile(file, (await readFile(file, 'utf8')).replace('REGION1', 'Region1'));
  expect((await callCommand(['sync', file], demo)).code).toBe(0);
  const { code, json } = await callCommand(['status', file, '--json'], demo);
  expect({ code, told: json() }).toMatchObject({
    code: 0,
    told: { images: [{ name: 'spelt', states: { REGION2: 'in sync' } }] },
  });
});

test.each([
  [['NOWHERE'], 1],
  [['REGION2', 'NOWHERE'], 2],
])('status of %j, of which NOWHERE cannot be read, exits %d', async (targets, code) => {
  const status = await callCommand(['status', await policyFor('far', targets)], demo);
  expect(status).toMatchObject({ code, stderr: expect.stringContaining('NOWHERE could not be read') });
});

test('a kept plan is done, and refused where the world has changed since', async () => {
  const source = await newSource(ferry, MiB, { name: 'kept', tags: ['kept'] });
  const [policy, plan] = [await policyFor('kept', ['REGION2']), join(dir, 'plan.json')];
  const made = await callCommand(['sync', policy, '--plan', plan], demo);
  expect(made).toMatchObject({ code: 0, stdout: expect.stringContaining('1 to copy') });
  expect(JSON.parse(await readFile(plan, 'utf8'))).toMatchObject({
    policy: 'kept',
    changes: [{ kind: 'copy' }],
  });
  const other = await callCommand(['sync', await policyFor('other', ['REGION2']), '--apply', plan], demo);
  expect(other).toMatchObject({
    code: 64,
    stderr: expect.stringContaining('is a plan of policy kept, not of other'),
  });
  expect((await callCommand(['sync', policy, '--apply', plan], demo)).code).toBe(0);
  expect(glanceOf(ferry, 'REGION2').images()).toContainEqual(
    expect.objectContaining({ ferry_source_id: source.id, status: 'active' }),
  );
  const outdated = await callCommand(['sync', policy, '--apply', plan], demo);
  expect(outdated.code).toBe(1);
  expect(outdated.stderr).toMatch(
    /is refused: the world has changed since, for 1 of its 1 changes:\n.*\n {2}REGION2 +copy/,
  );
});

test('an older image stays where its successor has gone while sync waited for copies', async () => {
  const byName = 'identity: name\non_conflict: rename\nretirement: {ladder: [hide]}\n';
  const file = await policyFor('aged', ['REGION2'], byName);
  const [one, other] = [
    { name: 'aged', tags: ['aged'] },
    { name: 'long', tags: ['aged'] },
  ];
  const older = await newSource(ferry, MiB, one);
  await callCommand(['sync', file], demo);
  await delay(1100); // which is older, Glance says in seconds
  const younger = await newSource(ferry, MiB, one);
  await callCommand(['sync', file], demo);
  const replicaOf = (source: { readonly id: string }) =>
    glanceOf(ferry, 'REGION2')
      .images()
      .find((image) => image['ferry_source_id'] === source.id);
  glanceOf(ferry, 'REGION2').change(String(replicaOf(older)?.id), { name: 'aged', os_hidden: false });
  const release = holdBack(ferry, await newSource(ferry, MiB, other));
  const synced = callCommand(['sync', file, '--json'], demo);
  const isCopying = () =>
    glanceOf(ferry, 'REGION2')
      .images()
      .some(({ name }) => name === 'long');
  await vi.waitFor(() => expect(isCopying()).toBe(true), 10_000);
  glanceOf(ferry, 'REGION2').change(String(replicaOf(younger)?.id), { status: 'deactivated' });
  release();
  const { code, json } = await synced;
  expect(code).toBe(0);
  expect(json()).toMatchObject({ regions: { REGION2: { copied: 1, retired: 0, failed: 0 } } });
  expect(replicaOf(older)).toMatchObject({ name: 'aged', os_hidden: false });
});

test('sync that is ended by Ctrl-C, or its time, is not done, and says how to go on', async () => {
  const source = await newSource(ferry, MiB, { name: 'ended', tags: ['ended'] });
  const file = await policyFor('ended', ['REGION2']);
  const release = holdBack(ferry, source);
  const { code, stdout, stderr } = await callCommand(['sync', file, '--timeout', '2s'], demo);
  expect(code).toBe(1);
  expect(stdout).toMatch(/\nREGION2 +0 /);
  expect(stderr).toContain(`  glance-ferry sync ${file}\n`);
  release();
  expect((await callCommand(['sync', file], demo)).code).toBe(0);
  expect(timesAsked(ferry, source)).toEqual(once(source));
});

test('sync under a cap copies the others before it tries again what has failed', async () => {
  const bad = await newSource(ferry, MiB, { name: 'bad', tags: ['capped'] });
  glanceOf(ferry, 'REGION1').fault(bad.id, { on: 'get-file', kind: 'status', status: 403, times: 1000 });
  const file = await policyFor('capped', ['REGION2'], 'caps: {imports: 1}\n');
  expect((await callCommand(['sync', file], demo)).code).not.toBe(0);
  const good = await newSource(ferry, MiB, { name: 'good', tags: ['capped'] });
  const { stderr } = await callCommand(['sync', file], demo);
  expect(stderr).toContain('skip of bad: kept: it waits: 1 imports into a region at a time');
  expect(glanceOf(ferry, 'REGION2').images()).toContainEqual(
    expect.objectContaining({ ferry_source_id: good.id, status: 'active' }),
  );
});

test('a kept plan is refused where its policy says something else by now', async () => {
  await newSource(ferry, 10, { name: 'said', tags: ['said'] });
  const [file, plan] = [await policyFor('said', ['REGION2']), join(dir, 'said.json')];
  await callCommand(['sync', file, '--plan', plan], demo);
  await policyFor('said', ['REGION2'], 'on_conflict: replace\n');
  const { code, stderr } = await callCommand(['sync', file, '--apply', plan], demo);
  expect(code).toBe(1);
  expect(stderr).toContain('is refused: policy said has changed since');
});

test.each<[what: string, args: () => readonly [string, string]]>([
  ['--apply of a file that is not there', () => ['--apply', join(dir, 'nosuch.json')]],
  ['--apply of a folder', () => ['--apply', dir]],
  ['--plan into a folder that is not there', () => ['--plan', join(dir, 'nosuch', 'plan.json')]],
])('sync %s is wrong use that names the option and the file', async (_, args) => {
  const [option, file] = args();
  const { code, stdout, stderr } = await callCommand(
    ['sync', await policyFor('files', ['REGION2']), option, file],
    demo,
  );
  expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
  expect(stderr).toContain(`${option} ${file} cannot be `);
  expect(stderr).not.toMatch(/\n +at /);
});

test('sync --apply of a file that is no plan, or no JSON, is wrong use that names the file', async () => {
  for (const text of ['{"changes": 1}', 'no plan']) {
    const file = join(dir, 'no-plan.json');
    await writeFile(file, text);
    const { code, stdout, stderr } = await callCommand(
      ['sync', await policyFor('no-plan', ['REGION2']), '--apply', file],
      demo,
    );
    expect({ text, code, stdout }).toEqual({ text, code: 64, stdout: '' });
    expect(stderr).toContain(`${file} is not a plan of glance-ferry`);
  }
});

test('sync whose deployment nobody names is wrong use that says so, and does nothing', async () => {
  const source = await newSource(ferry, MiB, { name: 'unserved', tags: ['unserved'] });
  const file = await policyFor('unserved', ['REGION2']);
  const nowhere = { ...demo, GLANCE_FERRY_URL: '' };
  const { code, stdout, stderr } = await callCommand(['sync', file], nowhere);
  expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
  expect(stderr).toContain('Where is the deployment?');
  const made = glanceOf(ferry, 'REGION2').images();
  expect(made.filter((image) => image['ferry_source_id'] === source.id)).toEqual([]);
  const planned = await callCommand(['sync', file, '--dry-run'], nowhere);
  expect(planned).toMatchObject({ code: 0, stdout: expect.stringContaining('1 to copy') });
});

test('a region that is away is told, and the others are done', async () => {
  await newSource(ferry, MiB, { name: 'away', tags: ['away'] });
  const policy = await policyFor('away', ['REGION2', 'REGION99']);
  const { code, stdout, stderr } = await callCommand(['sync', policy], demo);
  expect(code).toBe(2);
  expect(stdout).toMatch(/\nREGION2 +1 +1 MiB +0 +0 +0 +0\n/);
  expect(stderr).toContain('REGION99 could not be read: Region REGION99 is not in the catalog');
});

test('a policy that is none is told by line, one that is not there with those that are', async () => {
  const broken = join(dir, 'broken.txt');
  await writeFile(broken, 'name: x\nsource: {}\n');
  const wrong = await callCommand(['sync', broken], demo);
  expect(wrong).toMatchObject({ code: 1, stdout: '' });
  expect(wrong.stderr).toContain(`${broken}:2:`);
  const missing = await callCommand(['sync', 'nosuch'], { ...demo, POLICIES_DIR: dir });
  expect(missing).toMatchObject({ code: 64, stdout: '' });
  expect(missing.stderr).toMatch(/neither a file nosuch nor a policy of this name in .*; there: .*all/);
});

describe('doctor', () => {
  const lines = (stdout: string) => stdout.split('\n').map((line) => line.trim().replace(/ {2,}/g, '|'));

  test('finds everything fine for an admin, and leaves nothing behind', async () => {
    const images = () => glanceOf(ferry, 'REGION2').images().length;
    const before = images();
    const admin = {
      ...demo,
      ...openrcOf('admin', { authUrl: ferry.openstack.authUrl, url: served.url, region: 'REGION1' }),
    };
    const { code, stdout } = await callCommand(['doctor', 'REGION2'], admin);
    expect(code).toBe(0);
    expect(lines(stdout)).toEqual(
      expect.arrayContaining([
        'fine|REGION2|create|a record can be created',
        'fine|REGION2|upload|data can be uploaded',
        'fine|REGION2|ranges|data can be read in parts',
        'fine|REGION2|publicize|images can be made public',
        'fine|REGION2|remove|the record of these checks is removed again',
        'fine|REGION2|clock|as here',
        `fine|REGION2|deployment|${served.url} serves it`,
      ]),
    );
    expect(images()).toBe(before);
  });

  test('tells what a member may not, what a region is not, and what to do', async () => {
    const { code, stdout } = await callCommand(['doctor', 'REGION2', 'REGION99'], demo);
    expect(code).toBe(2);
    expect(stdout).toMatch(/note +REGION2 +publicize +.*copies cannot be public \(policy publicize_image\)/);
    expect(stdout).toMatch(/wrong +REGION99 +authentication +Region REGION99 is not in the catalog/);
  });

  test.each<[state: string, what: string, quotas: Quotas, says: string]>([
    ['fine', 'is far away', { image_size_total: { limit: 1000, usage: 1 } }, 'image_size_total 1 of 1000'],
    [
      ...(['note', 'is near'] as const),
      { image_size_total: { limit: 1000, usage: 950 } },
      'nearly used up: image_size_total 950 of 1000',
    ],
    [
      ...(['wrong', 'is reached, so that no copy would fit'] as const),
      { image_size_total: { limit: 1000, usage: 1000 } },
      'used up: image_size_total 1000 of 1000',
    ],
    ['note', 'is told by nobody', 'off', 'this Glance tells none'],
    ['note', 'is unknown to a Glance too old to tell', 'none', 'this Glance tells none'],
  ])('tells as %s that a quota %s', async (state, _, quotas, says) => {
    const glance = glanceOf(ferry, 'REGION3');
    glance.setQuotas(quotas);
    const { json } = await callCommand(['doctor', 'REGION3', '--json'], demo);
    glance.setQuotas(undefined);
    const checks = json()['checks'] as unknown as { what: string }[];
    expect(checks.filter(({ what }) => what === 'quota')).toMatchObject([
      { region: 'REGION3', state, says: expect.stringContaining(says) },
    ]);
  });

  test('says as a line that a password is wrong, for machines too', async () => {
    const { code, json } = await callCommand(['doctor', '--json'], { ...demo, OS_PASSWORD: 'wrong' });
    expect(code).toBe(1);
    expect(json()['checks']).toContainEqual({
      ...{ region: '', what: 'authentication', state: 'wrong' },
      says: expect.stringContaining('its user name or password is refused'),
    });
  });

  test.each([
    ['fine', 2, ['REGION2']],
    ['wrong', 1, ['REGION99']],
  ] as const)(
    'a bucket that is wrong beside a region that is %s is exit code %i',
    async (_, code, regions) => {
      const env = { ...demo, AWS_ACCESS_KEY_ID: 'test', RELAY_BUCKET: 'no-such-bucket' };
      const called = await callCommand(['doctor', ...regions], env);
      expect(called.stdout).toMatch(/\nwrong +bucket +.*no-such-bucket/);
      expect(called.code).toBe(code);
    },
  );

  test('says that a deployment is not there', async () => {
    const { code, json } = await callCommand(
      ['doctor', 'REGION2', '--json', '--url', 'http://127.0.0.1:1'],
      demo,
    );
    expect(code).toBe(1);
    const wrong = (json()['checks'] as unknown as { state: string; what: string }[]).filter(
      ({ state }) => state === 'wrong',
    );
    expect(wrong).toMatchObject([{ what: 'deployment', says: expect.stringContaining('ECONNREFUSED') }]);
  });
});

test('publish sends the event, straight into a queue or on a bus', async () => {
  const source = await newSource(ferry, 10);
  const queueUrl = process.env['STREAM_IMAGE_QUEUE_URL'] ?? '';
  const args = ['publish', source.id, '--to', 'REGION2'];
  const sent = await callCommand([...args, '--queue-url', queueUrl, '--json'], demo);
  expect(sent.code).toBe(0);
  expect(sent.json()).toEqual({
    source: { region: 'REGION1', image_id: source.id },
    targets: [{ region: 'REGION2' }],
  });
  const put = await callCommand(['publish', source.id, '--policy', '*'], demo);
  expect(put).toMatchObject({ code: 0, stdout: `Published image ${source.id} of region REGION1\n` });
  expect(ferry.aws.events.received.map(({ event }) => event)).toContainEqual(
    expect.objectContaining({
      'detail-type': 'Image Published',
      detail: { source: { region: 'REGION1', image_id: source.id }, policy: '*' },
    }),
  );
  const nowhere = await callCommand(['publish', source.id], demo);
  expect(nowhere).toMatchObject({ code: 64, stderr: expect.stringContaining('Where is the image to be?') });
  for (const [to, why] of [
    ['REGION1', 'is source and target'],
    ['REGION2,region2', 'twice'],
  ] as const) {
    const refused = await callCommand(['publish', source.id, '--to', to], demo);
    expect(refused).toMatchObject({ code: 64, stdout: '', stderr: expect.stringContaining(why) });
  }
});
