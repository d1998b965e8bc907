import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OpenStack, startOpenStack } from '../../cloud/openstack/openstack.ts';
import { expectNothingStays } from '../../integration/nothing-left.ts';
import { useFerry } from '../../integration/use-ferry.ts';
import { callCommand, openrcOf } from './command.ts';
import { type ServedFerry, serveFerry } from './served-ferry.ts';
import { watchTokens } from './watch-tokens.ts';

// The command between two Keystones that know nothing of each other, by a clouds.yaml with an entry for each.

const cloudsArn = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:clouds';
const ferry = useFerry({ env: { CLOUDS_SECRET_ARN: cloudsArn, HEARTBEAT_S: '2', RETRY_DELAY_S: '1' } });
let away: OpenStack<'NORTH'>;
let served: ServedFerry;
let dir: string;
let env: Record<string, string>;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'glance-ferry-clouds-'));
  away = await startOpenStack({ dataDir: dir, cloud: 'away', regions: ['NORTH'] });
  served = await serveFerry(ferry);
  const credential = away.keystone.accounts.applicationCredentials.find(({ name }) => name === 'demo-ac');
  const north = {
    ...{ auth_type: 'v3applicationcredential', region_name: 'NORTH' },
    auth: {
      auth_url: away.authUrl,
      application_credential_id: credential?.id,
      application_credential_secret: credential?.secret,
    },
  };
  const { OS_PASSWORD } = openrcOf('demo', { authUrl: '', url: '', region: '' });
  const home = {
    auth: {
      ...{ auth_url: ferry.openstack.authUrl, username: 'demo', project_name: 'demo' },
      ...{ user_domain_name: 'Default', project_domain_name: 'Default' },
    },
  };
  ferry.aws.secrets.set(cloudsArn, JSON.stringify({ clouds: { north } }));
  const [clouds, secure] = [join(dir, 'clouds.yaml'), join(dir, 'secure.yaml')];
  await writeFile(clouds, JSON.stringify({ clouds: { home, north } }));
  await writeFile(secure, JSON.stringify({ clouds: { home: { auth: { password: OS_PASSWORD } } } }));
  env = { OS_CLIENT_CONFIG_FILE: clouds, OS_CLIENT_SECURE_FILE: secure, GLANCE_FERRY_URL: served.url };
});
afterAll(async () => {
  await Promise.all([served.stop(), away.stop()]);
  await rm(dir, { recursive: true, force: true });
});

test('an image of another cloud is read with its own token there, and becomes a copy of the caller here', async () => {
  const formats = { disk_format: 'raw', container_format: 'bare', name: 'of north' };
  const source = await away.regions.NORTH.createImage(formats, randomBytes(100_000));
  const args = ['copy', 'of north', '--from', 'NORTH', '--to', 'REGION2', '--os-cloud', 'home', '--json'];
  const tokens = watchTokens({ home: ferry.openstack, away });
  const { code, json, complaints } = await callCommand(args, env);
  expect({ code, complaints }).toEqual({ code: 0, complaints: '' });
  expect(tokens.strays()).toEqual([]);
  expect(json()).toMatchObject({ REGION2: { status: 'active', hash: `sha512:${source.os_hash_value}` } });
  const copy = ferry.openstack.regions.REGION2.image(String(json()['REGION2']?.['id']));
  expect(copy).toMatchObject({ ferry_source_region: 'NORTH', ferry_source_id: source.id, name: 'of north' });
  await expectNothingStays(ferry);
});

test.each(['copy', 'wait', 'cancel', 'tasks'])(
  'a deployment of another cloud is told by %s before it is shown a token',
  async (command) => {
    const source = await ferry.openstack.regions.REGION1.createImage(
      { disk_format: 'raw', container_format: 'bare' },
      'data',
    );
    const tokens = watchTokens({ home: ferry.openstack, away });
    const args = [command, source.id, '--from', 'REGION1', '--to', 'NORTH', '--os-cloud', 'home'];
    const { code, stdout } = await callCommand(args, env);
    expect(code).toBe(1);
    const theirs = ferry.openstack.authUrl.replace(/\/v3$/, '');
    expect(stdout).toContain(`takes no tokens of cloud north for region NORTH, but those of ${theirs}`);
    expect(tokens.strays()).toEqual([]);
    expect(away.regions.NORTH.images().filter((image) => image['ferry_source_id'] === source.id)).toEqual([]);
  },
);

test('a region that the deployment does not serve is told before anything is made there', async () => {
  const source = await away.regions.NORTH.createImage(
    { disk_format: 'raw', container_format: 'bare' },
    'data',
  );
  const args = ['copy', source.id, '--from', 'NORTH', '--to', 'REGION1', '--os-cloud', 'home'];
  const { code, stdout } = await callCommand(args, env);
  expect(code).toBe(1);
  expect(stdout).toContain('Region REGION1 is not served here; regions served: REGION2');
  const made = ferry.openstack.regions.REGION1.images();
  expect(made.filter((image) => image['ferry_source_id'] === source.id)).toEqual([]);
});

test('doctor tells a cloud that cannot be asked, and looks at the regions of the others', async () => {
  const password = openrcOf('demo', { authUrl: '', url: '', region: '' }).OS_PASSWORD;
  const domains = { user_domain_name: 'Default', project_domain_name: 'Default' };
  const entryOf = (auth_url: string, more: object = {}) => ({
    auth: { ...{ auth_url, username: 'demo', password, project_name: 'demo', ...domains }, ...more },
  });
  const clouds = {
    home: entryOf(ferry.openstack.authUrl),
    north: { ...entryOf(away.authUrl, { password: 'wrong' }), region_name: 'NORTH' },
    south: { ...entryOf('http://127.0.0.1:1/v3'), region_name: 'SOUTH' },
    west: { ...entryOf('http://127.0.0.1:2/v3'), region_name: 'WEST', auth_type: 'v3oidcpassword' },
  };
  const file = join(dir, 'broken.yaml');
  await writeFile(file, JSON.stringify({ clouds }));
  const doctor = (cloud: string) =>
    callCommand(['doctor', '--json', '--os-cloud', cloud], { ...env, OS_CLIENT_CONFIG_FILE: file });
  const { code, json } = await doctor('home');
  const checks = json()['checks'] as unknown as { region: string; what: string }[];
  expect(code).toBe(2);
  expect(checks.filter(({ what }) => what === 'authentication')).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ region: 'REGION2', state: 'fine' }),
      expect.objectContaining({
        ...{ region: 'NORTH', state: 'wrong' },
        says: expect.stringMatching(/cloud north .*its user name or password is refused: look at/),
      }),
      expect.objectContaining({ region: 'SOUTH', state: 'wrong', says: expect.stringContaining('ECONNREF') }),
    ]),
  );
  expect(checks).toContainEqual({
    ...{ region: 'WEST', what: 'clouds.yaml', state: 'wrong' },
    says: expect.stringContaining('cloud west: auth_type v3oidcpassword is none of'),
  });
});

test('without a choice the clouds are listed; one that is not there is told', async () => {
  const args = ['copy', 'x', '--from', 'NORTH', '--to', 'REGION2'];
  const none = await callCommand(args, env);
  expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('there are: home, north') });
  const other = await callCommand([...args, '--os-cloud', 'south'], env);
  expect(other.stderr).toContain('There is no cloud south; there are: home, north');
});
