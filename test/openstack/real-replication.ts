import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Image } from '../cloud/commands/glance.ts';
import { type Ask, type Asked, ask } from '../contract/client.ts';
import { account, imageEndpoint, newApplicationCredential, setting, tokenOf } from './account.ts';
import { startRealImports } from './real-imports.ts';

/** What sync-images answers of one policy. */
export interface Told {
  readonly policy: string;
  readonly failed?: string;
  readonly regions: Readonly<Record<string, Readonly<Record<string, number | string>>>>;
  readonly changes: readonly Readonly<Record<string, unknown>>[];
}

type Cloud = 'home' | 'away';

const authUrlOf = (cloud: Cloud): string => setting(cloud === 'home' ? 'OS_AUTH_URL' : 'OTHER_AUTH_URL');
const CLOUDS_SECRET_ARN = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:clouds';
const jsonPatch = 'application/openstack-images-v2.1-json-patch';
const syncImages = '/2015-03-31/functions/glance-ferry-prod-sync-images/invocations';

/** Id of an account's project, which differs from cloud to cloud. @param prefix of the account's variables */
export const projectIdOf = async (prefix: string, cloud: Cloud): Promise<string> => {
  const authUrl = authUrlOf(cloud);
  const token = await tokenOf(account(prefix), authUrl);
  const headers = { 'X-Subject-Token': token };
  const shown = (await ask('GET', `${authUrl}/auth/tokens`, { token, headers })).field('token');
  return (shown as { project: { id: string } }).project.id;
};

/**
 * The functions between the regions of two real clouds, with rights of their own in both: those of the account ADMIN_*, which
 * has the same name and password in the other cloud.
 * @param prefix of the names of all images of the tests; whatever is called so is deleted in the end
 * @param policies by their names
 */
export const startRealReplication = async (prefix: string, policies: Readonly<Record<string, object>>) => {
  const dir = await mkdtemp(join(tmpdir(), 'glance-ferry-replication-'));
  for (const [name, policy] of Object.entries(policies))
    await writeFile(join(dir, `${name}.yaml`), stringify({ name, ...policy }));

  const owner = account('ADMIN_');
  const credentials = {
    home: await newApplicationCredential(owner, authUrlOf('home')),
    away: await newApplicationCredential(owner, authUrlOf('away')),
  };
  const entry = (cloud: Cloud): object => {
    const { id, secret } = credentials[cloud];
    const auth = { application_credential_id: id, application_credential_secret: secret };
    return { auth_type: 'v3applicationcredential', auth: { ...auth, auth_url: authUrlOf(cloud) } };
  };
  const away = { ...entry('away'), region_name: setting('OTHER_CLOUD_REGION') };

  const settings = {
    ...{ POLICIES_DIR: dir, CLOUDS_SECRET_ARN, EVENT_BUS_NAME: 'default', OS_TARGET_REGIONS: '*' },
    HEARTBEAT_S: '2',
  };
  const real = await startRealImports(settings, credentials.home);
  real.secrets.set(CLOUDS_SECRET_ARN, stringify({ clouds: { away } }));
  const cloudsFile = join(dir, 'clouds-of-the-command');
  await writeFile(cloudsFile, stringify({ clouds: { home: entry('home'), away } }));

  const tokens = {
    home: await tokenOf(owner, authUrlOf('home')),
    away: await tokenOf(owner, authUrlOf('away')),
  };
  const cloudOf = (region: string): Cloud => (region === setting('OTHER_CLOUD_REGION') ? 'away' : 'home');
  /** Of a region's Glance, with the deployment's own rights. */
  const call = async (
    region: string,
    method: string,
    path: string,
    options: Pick<Ask, 'json' | 'headers'> = {},
  ): Promise<Asked> => {
    const [token, authUrl] = [tokens[cloudOf(region)], authUrlOf(cloudOf(region))];
    const url = `${await imageEndpoint(token, region, authUrl)}/v2/images${path}`;
    return ask(method, url, { token, ...options });
  };

  /** What a region has of these names, hidden or not. */
  const images = async (region: string, name = ''): Promise<readonly Image[]> => {
    const lists = ['false', 'true'].map(async (hidden) => {
      const answer = await call(region, 'GET', `?limit=1000&os_hidden=${hidden}`);
      return answer.field('images') as Image[];
    });
    const all = (await Promise.all(lists)).flat();
    return all.filter((image) => String(image['name']).startsWith(`${prefix}${name}`));
  };
  /** The replicas that a region has of a source. */
  const replicasOf = async (region: string, sourceId: string): Promise<readonly Image[]> =>
    (await images(region)).filter((image) => image['ferry_source_id'] === sourceId);

  const removeAll = async (region: string): Promise<void> => {
    for (const { id } of await images(region)) await call(region, 'DELETE', `/${id}`);
  };

  return {
    real,
    /** Where the policies' files are. */
    dir,
    /** Variables of who has the deployment's rights in both clouds at hand. */
    operator: { OS_CLIENT_CONFIG_FILE: cloudsFile, OS_CLOUD: 'home', POLICIES_DIR: dir },
    share: (region: string, id: string, member: string) =>
      call(region, 'POST', `/${id}/members`, { json: { member } }),
    publish: (region: string, id: string) => {
      const json = [{ op: 'replace', path: '/visibility', value: 'public' }];
      return call(region, 'PATCH', `/${id}`, { json, headers: { 'Content-Type': jsonPatch } });
    },
    remove: (region: string, id: string) => call(region, 'DELETE', `/${id}`),
    images,
    replicasOf,
    membersOf: async (region: string, id: string): Promise<string[]> => {
      const members = (await call(region, 'GET', `/${id}/members`)).field('members');
      return (members as { member_id: string }[]).map(({ member_id }) => member_id).sort();
    },
    /** Invokes sync-images, as its schedule does, for one policy. */
    sync: async (policy: string, request: object = {}): Promise<Told> => {
      const answer = await ask('POST', `${real.functions.lambdaUrl}${syncImages}`, {
        json: { policy, ...request },
      });
      const [told] = (answer.field('policies') as Told[] | undefined) ?? [];
      if (!told) throw new Error(`sync-images answered ${answer.status}: ${answer.text}`);
      return told;
    },
    stop: async (regions: readonly string[]): Promise<void> => {
      await Promise.all(regions.map(removeAll));
      await real.stop();
      for (const { remove } of Object.values(credentials)) await remove();
      await rm(dir, { recursive: true });
    },
  };
};

export type RealReplication = Awaited<ReturnType<typeof startRealReplication>>;
