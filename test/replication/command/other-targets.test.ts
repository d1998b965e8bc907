import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { applicationCredentials } from '../../cloud/openstack/keystone/fixture.ts';
import { type OpenStack, startOpenStack } from '../../cloud/openstack/openstack.ts';
import { expectNothingStays } from '../../integration/nothing-left.ts';
import { formats, holdBack, once, timesAsked } from '../../integration/one-source.ts';
import { useFerry } from '../../integration/use-ferry.ts';
import { callCommand, openrcOf } from './command.ts';
import { type ServedFerry, serveFerry } from './served-ferry.ts';
import { watchTokens } from './watch-tokens.ts';

// One deployment that writes to a region of another cloud as well, whose Keystone OS_TARGET_REGIONS names: with callers'
// tokens of that cloud, and without its own service user, who is nobody there.

let away: OpenStack<'NORTH'>;
let served: ServedFerry;
let dir: string;
let env: Record<string, string>;
/** Only the deployment of the home cloud's regions is named. */
let halfNamed: Record<string, string>;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'glance-ferry-other-targets-'));
  away = await startOpenStack({ dataDir: dir, cloud: 'away', regions: ['NORTH'] });
});
const ferry = useFerry(() => {
  const [service] = applicationCredentials.filter(({ user }) => user.name === 'svc');
  const { id = '', secret = '' } = service ?? {};
  return {
    env: {
      ...{ OS_TARGET_REGIONS: `NORTH=${away.authUrl}`, HEARTBEAT_S: '2', RETRY_DELAY_S: '1' },
      ...{ OS_APPLICATION_CREDENTIAL_ID: id, OS_APPLICATION_CREDENTIAL_SECRET: secret },
    },
  };
});
beforeAll(async () => {
  served = await serveFerry(ferry);
  const { OS_PASSWORD: password } = openrcOf('demo', { authUrl: '', url: '', region: '' });
  const user = { username: 'demo', password, project_name: 'demo' };
  const domains = { user_domain_name: 'Default', project_domain_name: 'Default' };
  const entryOf = (auth_url: string) => ({ auth: { auth_url, ...user, ...domains } });
  const clouds = {
    home: entryOf(ferry.openstack.authUrl),
    north: { ...entryOf(away.authUrl), region_name: 'NORTH' },
  };
  const file = join(dir, 'clouds.yaml');
  await writeFile(file, JSON.stringify({ clouds }));
  env = { OS_CLIENT_CONFIG_FILE: file, GLANCE_FERRY_URL: served.url, OS_CLOUD: 'home' };
  const half = join(dir, 'half.yaml');
  const home = { ...clouds.home, image_import_endpoint_override: served.url };
  await writeFile(half, JSON.stringify({ clouds: { ...clouds, home } }));
  halfNamed = { OS_CLIENT_CONFIG_FILE: half, OS_CLOUD: 'home' };
});
afterAll(async () => {
  await Promise.all([served.stop(), away.stop()]);
  await rm(dir, { recursive: true, force: true });
});

const call = (command: string, id: string, to: string, ...more: readonly string[]) =>
  callCommand([command, id, '--from', 'REGION1', '--to', to, '--json', ...more], env);
const newSource = () =>
  ferry.openstack.regions.REGION1.createImage(
    { ...formats, name: 'of home', visibility: 'private' },
    randomBytes(1_000_000),
  );

test('one call copies to a region of its cloud and to one of another, and no token leaves its own cloud', async () => {
  const source = await newSource();
  const tokens = watchTokens({ home: ferry.openstack, away });
  const { code, json, complaints } = await call(
    'copy',
    source.id,
    'REGION2,NORTH',
    '--visibility',
    'community',
  );
  expect({ code, complaints }).toEqual({ code: 0, complaints: '' });
  const copies = { REGION2: ferry.openstack.regions.REGION2, NORTH: away.regions.NORTH };
  for (const [region, glance] of Object.entries(copies))
    expect(glance.image(String(json()[region]?.['id']))).toMatchObject({
      ...{ status: 'active', os_hash_value: source.os_hash_value, visibility: 'community' },
      ...{ ferry_source_region: 'REGION1', ferry_source_id: source.id },
    });
  expect(timesAsked(ferry, source)).toEqual(once(source));
  const again = await call('wait', source.id, 'NORTH', '--visibility', 'community');
  expect(again.json()).toMatchObject({ NORTH: { status: 'active', reason: null } });
  for (const [command, answer] of [
    ['cancel', { reason: 'no import is running' }],
    ['tasks', { tasks: [{ status: 'success' }] }],
  ] as const)
    expect((await call(command, source.id, 'NORTH')).json()).toMatchObject({ NORTH: answer });
  expect(tokens.strays()).toEqual([]);
  expect(tokens.atHome()).toBeGreaterThan(10);
  await expectNothingStays(ferry);
});

test.each(['copy', 'wait', 'cancel', 'tasks'])(
  '%s to a region whose deployment nobody names is wrong use, and nothing is begun in the others',
  async (command) => {
    const source = await newSource();
    served.requests.length = 0;
    const args = [command, source.id, '--from', 'REGION1', '--to', 'REGION2,NORTH'];
    const { code, stdout, stderr } = await callCommand(args, halfNamed);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toContain('Where is the deployment');
    await delay(500); // for what would go on by itself
    expect(served.requests).toEqual([]);
    const made = ferry.openstack.regions.REGION2.images();
    expect(made.filter((image) => image['ferry_source_id'] === source.id)).toEqual([]);
  },
);

test('an import there that fails, or is cancelled, leaves its target without data, by the caller’s token alone', async () => {
  const tokens = watchTokens({ home: ferry.openstack, away });
  const [source, slow] = [await newSource(), await newSource()];
  ferry.openstack.regions.REGION1.change(source.id, { os_hash_value: 'e'.repeat(128) });
  const failed = await call('copy', source.id, 'NORTH');
  expect(failed.code).toBe(1);
  expect(failed.json()).toMatchObject({
    NORTH: { status: 'failed', reason: expect.stringContaining('eee') },
  });
  const release = holdBack(ferry, slow);
  const begun = await call('copy', slow.id, 'NORTH', '--no-wait');
  expect(begun.json()).toMatchObject({ NORTH: { status: 'running' } });
  expect((await call('cancel', slow.id, 'NORTH')).json()).toMatchObject({ NORTH: { status: 'cancelled' } });
  release();
  const ended = await ferry.finished(String(begun.json()['NORTH']?.['id']), away.issueToken('demo'), 'NORTH');
  expect(ended).toMatchObject({ status: 'failure', message: 'Cancelled by its owner' });
  await expectNothingStays(ferry);
  for (const { id } of [source, slow]) {
    const [record] = away.regions.NORTH.images().filter((image) => image['ferry_source_id'] === id);
    expect(record).toMatchObject({ status: 'queued', size: null });
  }
  expect(tokens.strays()).toEqual([]);
});

test('who asks without a token is told the Keystone of the region, and the regions with it', async () => {
  const asked = { method: 'GET', path: '/v2/info/import' };
  for (const [region, authUrl] of [
    ['NORTH', away.authUrl],
    ['REGION2', ferry.openstack.authUrl],
  ] as const) {
    const { status, headers } = await ferry.http('discovery', { ...asked, region });
    expect(status).toBe(401);
    expect(headers['www-authenticate']).toBe(`Keystone uri="${authUrl.replace('/v3', '')}"`);
  }
  const token = ferry.openstack.issueToken('demo');
  const { json } = await ferry.http('discovery', { method: 'GET', path: '/regions', token });
  expect(json['regions']).toMatchObject([{ name: 'NORTH' }, { name: 'REGION2' }]);
});

test('a source of which nobody says where it is, is refused', async () => {
  const { id: imageId } = await away.regions.NORTH.createImage({ name: 'target', ...formats });
  const source = await newSource();
  const ask = (region: string, headers: object) =>
    ferry.http('import-image', {
      ...{ method: 'POST', region: 'NORTH', imageId, token: away.issueToken('demo') },
      ...{ headers: { ...headers } },
      body: { method: { name: 'glance-download', glance_region: region, glance_image_id: source.id } },
    });
  expect(await ask('REGION1', {})).toMatchObject({
    ...{ status: 400, json: { message: 'public glance endpoint not found for region REGION1' } },
  });
  const theirs = { 'x-source-auth-token': ferry.openstack.issueToken('demo') };
  expect(await ask('REGION9', theirs)).toMatchObject({
    ...{ status: 400, json: { message: 'public glance endpoint not found for region REGION9' } },
  });
});
