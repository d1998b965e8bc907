/*
 * sync-images between real regions, and to another cloud where OTHER_AUTH_URL and OTHER_CLOUD_REGION name one. Environment:
 * as for openstack-import.test.ts and openstack-clouds.test.ts. Creates private images named `glance-ferry sync …` here and
 * there, and deletes them.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask } from '../contract/client.ts';
import { account, newApplicationCredential, setting, tokenOf } from './account.ts';
import { type RealImports, randomFile, startRealImports } from './real-imports.ts';

const { OTHER_AUTH_URL = '', OTHER_CLOUD_REGION = '' } = process.env;
const hasOther = OTHER_AUTH_URL !== '' && OTHER_CLOUD_REGION !== '';
const CLOUDS_SECRET_ARN = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:clouds-of-sync';
/** So that nobody else's images are in the way. */
const run = `glance-ferry sync ${randomUUID()}`;
const patienceMs = 180_000;

interface Image {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly [property: string]: unknown;
}
type Regions = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

let real: RealImports;
let folder: string;
let file: string;
let targets: readonly string[];
const credentials: { remove(): Promise<unknown> }[] = [];
/** Glance's URL, and a token, by region. */
const places = new Map<string, { readonly url: string; readonly token: string }>();

/** The other cloud, as the one region that it has. @returns its entry for a clouds.yaml */
const otherCloud = async (): Promise<object> => {
  const credential = await newApplicationCredential(account('OS_'), OTHER_AUTH_URL);
  credentials.push(credential);
  const token = await tokenOf(account('OS_'), OTHER_AUTH_URL);
  const catalog = (await ask('GET', `${OTHER_AUTH_URL}/auth/catalog`, { token })).field('catalog') as {
    readonly type: string;
    readonly endpoints: readonly { readonly interface: string; readonly url: string }[];
  }[];
  const endpoints = catalog.find(({ type }) => type === 'image')?.endpoints ?? [];
  const { url = '' } = endpoints.find((one) => one.interface === 'public') ?? {};
  places.set(OTHER_CLOUD_REGION, { url: url.replace(/\/(v2\/?)?$/, ''), token });
  const { id, secret } = credential;
  const auth = { application_credential_id: id, application_credential_secret: secret };
  return { auth: { ...auth, auth_url: OTHER_AUTH_URL }, region_name: OTHER_CLOUD_REGION };
};

const writePolicies = async (): Promise<void> => {
  const source = { region: setting('SOURCE_REGION') };
  const to = targets.map((region) => ({ region }));
  const sync = { visibility: 'private' };
  const ofName = { source, targets: to, sync, select: { names: [`${run} image *`], snapshots: false } };
  const snapshots = {
    ...{ source, targets: to, sync, select: { names: [`${run} snapshot *`], snapshots: true } },
    ...{ retention: { last: 2 }, retirement: { ladder: ['delete'], allow_delete: true } },
  };
  await writeFile(join(folder, 'images.json'), JSON.stringify({ name: 'images', ...ofName }));
  await writeFile(join(folder, 'snapshots.json'), JSON.stringify({ name: 'snapshots', ...snapshots }));
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'policies-'));
  targets = [setting('OS_REGION_NAME'), ...(hasOther ? [OTHER_CLOUD_REGION] : [])];
  await writePolicies();
  const home = await newApplicationCredential(account('OS_'));
  credentials.push(home);
  const others = hasOther ? { away: await otherCloud() } : {};
  real = await startRealImports({ CLOUDS_SECRET_ARN, POLICIES_DIR: folder, HEARTBEAT_S: '2' }, home);
  real.secrets.set(CLOUDS_SECRET_ARN, JSON.stringify({ clouds: others }));
  file = await randomFile(join(real.dataDir, 'one.raw'), 4);
  places.set(setting('SOURCE_REGION'), { url: real.endpoints.source, token: real.token });
  places.set(setting('OS_REGION_NAME'), { url: real.endpoints.target, token: real.token });
});
/** All of a run's images in a region; it may be away by now. */
const clear = async (region: string): Promise<void> => {
  for (const { id } of await imagesIn(region, run)) await at(region, 'DELETE', `/${id}`);
};
afterAll(async () => {
  await Promise.allSettled(targets.map(clear));
  await real.stop();
  await Promise.allSettled(credentials.map((one) => one.remove()));
  await rm(folder, { recursive: true });
});

const at = (region: string, method: string, path: string, json?: unknown) => {
  const { url, token } = places.get(region) ?? { url: '', token: '' };
  const patch = { 'Content-Type': 'application/openstack-images-v2.1-json-patch' };
  const body = method === 'PATCH' ? { body: JSON.stringify(json), headers: patch } : { json };
  return ask(method, `${url}/v2/images${path}`, { token, ...body });
};
const imagesIn = async (region: string, name: string): Promise<readonly Image[]> => {
  const list = async (hidden: boolean) =>
    (await at(region, 'GET', `?limit=200&os_hidden=${hidden}`)).field('images') as Image[];
  const all = [...(await list(false)), ...(await list(true))];
  return all.filter((image) => image.name.startsWith(name));
};

const sync = async (policy: string): Promise<Regions> => {
  const path = '/2015-03-31/functions/glance-ferry-prod-sync-images/invocations';
  const answer = await ask('POST', `${real.functions.lambdaUrl}${path}`, { json: { policy } });
  const policies = answer.field('policies') as readonly { readonly regions: Regions }[] | undefined;
  if (!policies?.[0]) throw new Error(answer.text);
  return policies[0].regions;
};
/** Until a run finds nothing to be done, and all images of this name have their data. */
const settled = async (policy: string, name: string): Promise<void> => {
  for (const end = Date.now() + patienceMs; Date.now() < end; await delay(3000)) {
    const isIdle = Object.values(await sync(policy)).every(
      ({ copied, updated, retired, failed }) => !copied && !updated && !retired && !failed,
    );
    const images = (await Promise.all(targets.map((region) => imagesIn(region, name)))).flat();
    if (isIdle && images.length > 0 && images.every(({ status }) => status === 'active')) return;
  }
  throw new Error(`${policy} did not come to its end: ${JSON.stringify(await sync(policy))}`);
};
const make = (name: string, more: object = {}) =>
  real.newSource({ name: `${run} ${name}`, disk_format: 'raw', visibility: 'private', ...more }, file);

test('images are the same in all regions, a second run finds nothing to do, and a changed property is changed', async () => {
  const sources = [await make('image a', { os_distro: 'debian' }), await make('image b')];
  await settled('images', `${run} image`);
  for (const region of targets) {
    const replicas = await imagesIn(region, `${run} image`);
    expect(replicas.map(({ os_hash_value }) => os_hash_value)).toEqual(
      sources.map(({ os_hash_value }) => os_hash_value),
    );
    expect(replicas.map(({ ferry_source_id }) => ferry_source_id).sort()).toEqual(
      sources.map(({ id }) => id).sort(),
    );
  }
  const operations = [{ op: 'add', path: '/os_distro', value: 'ubuntu' }];
  await at(setting('SOURCE_REGION'), 'PATCH', `/${sources[0]?.id}`, operations);
  const regions = await sync('images');
  for (const region of targets) {
    expect(regions[region]).toMatchObject({ copied: 0, updated: 1, failed: 0 });
    const [changed] = (await imagesIn(region, `${run} image a`)).map(({ os_distro }) => os_distro);
    expect(changed).toBe('ubuntu');
  }
});

test('snapshots are kept there by a rotation of their own', async () => {
  const instance_uuid = randomUUID();
  const ids: string[] = [];
  for (const name of ['snapshot 1', 'snapshot 2', 'snapshot 3']) {
    ids.push((await make(name, { image_type: 'snapshot', instance_uuid })).id);
    await delay(1100);
    await settled('snapshots', `${run} snapshot`);
  }
  for (const region of targets) {
    const replicas = await imagesIn(region, `${run} snapshot`);
    expect(replicas.map(({ ferry_source_id }) => ferry_source_id).sort()).toEqual(ids.slice(1).sort());
    for (const replica of replicas) expect(replica).not.toHaveProperty('instance_uuid');
  }
});
