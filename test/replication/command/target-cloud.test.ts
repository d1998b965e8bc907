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

// The command copies to a region of another cloud, by a deployment there: of the user's own cloud that deployment knows
// where its Keystone is, and no more.

const cloudsArn = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:clouds';
const ferry = useFerry({
  env: { CLOUDS_SECRET_ARN: cloudsArn, OS_REGION_NAME: 'NORTH', HEARTBEAT_S: '2', RETRY_DELAY_S: '1' },
  openstack: { cloud: 'away', regions: ['NORTH'] },
});
let home: OpenStack;
let served: ServedFerry;
let dir: string;
let files: Record<'named' | 'unnamed', string>;

/** With the one password that a user of this name has in each cloud. */
const entryOf = (authUrl: string) => {
  const { OS_PASSWORD: password } = openrcOf('demo', { authUrl: '', url: '', region: '' });
  const domains = { user_domain_name: 'Default', project_domain_name: 'Default' };
  return { auth: { auth_url: authUrl, username: 'demo', password, project_name: 'demo', ...domains } };
};

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'glance-ferry-target-cloud-'));
  home = await startOpenStack({ dataDir: dir });
  served = await serveFerry(ferry);
  const source = { auth: { auth_url: home.authUrl }, region_name: 'REGION1' };
  ferry.aws.secrets.set(cloudsArn, JSON.stringify({ clouds: { source } }));
  const north = { ...entryOf(ferry.openstack.authUrl), region_name: 'NORTH' };
  const write = async (name: string, more: object): Promise<string> => {
    const path = join(dir, `${name}.yaml`);
    const clouds = { home: entryOf(home.authUrl), north: { ...north, ...more } };
    await writeFile(path, JSON.stringify({ clouds }));
    return path;
  };
  files = {
    named: await write('named', { image_import_endpoint_override: served.url }),
    unnamed: await write('unnamed', {}),
  };
  const endpoint = { service: 'image-import', region: 'NORTH', interface: 'public' } as const;
  ferry.openstack.keystone.addEndpoints([{ ...endpoint, url: served.url }]);
});
afterAll(async () => {
  await Promise.all([served.stop(), home.stop()]);
  await rm(dir, { recursive: true, force: true });
});

const call = (file: keyof typeof files, ...args: readonly string[]) =>
  callCommand([...args, '--from', 'REGION1', '--to', 'NORTH', '--os-cloud', 'home', '--json'], {
    OS_CLIENT_CONFIG_FILE: files[file],
  });
const newSource = () =>
  home.regions.REGION1.createImage(
    { disk_format: 'raw', container_format: 'bare', name: 'of home', visibility: 'private' },
    randomBytes(100_000),
  );

test('an image becomes a copy in another cloud, each token shown to its own cloud alone', async () => {
  const source = await newSource();
  const tokens = watchTokens({ home, away: ferry.openstack });
  const { code, json, complaints } = await call('named', 'copy', source.id, '--visibility', 'community');
  expect({ code, complaints }).toEqual({ code: 0, complaints: '' });
  expect(json()).toMatchObject({ NORTH: { status: 'active', hash: `sha512:${source.os_hash_value}` } });
  expect(ferry.openstack.regions.NORTH.image(String(json()['NORTH']?.['id']))).toMatchObject({
    ...{ ferry_source_region: 'REGION1', ferry_source_id: source.id, visibility: 'community' },
  });
  await expectNothingStays(ferry);
  // What asks with one token finds the deployment in the catalog of its own cloud.
  const waited = await call('unnamed', 'wait', source.id, '--visibility', 'community');
  expect(waited).toMatchObject({ code: 0, complaints: '' });
  const listed = await call('unnamed', 'tasks', source.id);
  expect(listed.json()).toMatchObject({ NORTH: { tasks: [{ status: 'success' }] } });
  expect((await call('unnamed', 'cancel', source.id)).json()).toMatchObject({
    NORTH: { status: 'active', reason: 'no import is running' },
  });
  expect(tokens.strays()).toEqual([]);
  expect(tokens.atHome()).toBeGreaterThan(10);
});

test('a catalog of the target’s cloud alone sends no token of the source’s anywhere; what it says is shown', async () => {
  const source = await newSource();
  served.requests.length = 0;
  const { code, stderr } = await call('unnamed', 'copy', source.id);
  expect(code).toBe(64);
  expect(stderr).toContain('image_import_endpoint_override of cloud north in clouds.yaml');
  expect(stderr).toContain(`that of cloud north says ${served.url}`);
  expect(served.requests).toEqual([]);
});
