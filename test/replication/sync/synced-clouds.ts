import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stringify } from 'yaml';
import type { SyncRequest } from '../../../lib/schemas/replication/sync.ts';
import type { Glance } from '../../cloud/openstack/glance/glance.ts';
import type { ImageView } from '../../cloud/openstack/glance/record.ts';
import { accountsOf } from '../../cloud/openstack/keystone/fixture.ts';
import { type OpenStack, startOpenStack } from '../../cloud/openstack/openstack.ts';
import { type Ferry, startFerry } from '../../integration/ferry.ts';
import { lambdaContext } from '../../integration/lambda.ts';
import { loadHandler } from '../../integration/pollers.ts';

/** A policy's part of what sync-images answers. */
export interface Told {
  readonly policy: string;
  readonly failed?: string;
  readonly regions: Readonly<Record<string, Readonly<Record<string, number | string>>>>;
  readonly changes: readonly {
    readonly kind: string;
    readonly region: string;
    readonly image: string;
    readonly name: string;
    readonly outcome: string;
    readonly reason: string;
  }[];
}

/** Three regions of one cloud and NORTH of another one, both the admin's, and the functions between them. */
export interface SyncedClouds {
  readonly ferry: Ferry;
  readonly away: OpenStack<'NORTH'>;
  glance(region: string): Glance;
  /** Runs sync-images for one policy. */
  sync(policy: string, request?: Omit<SyncRequest, 'policy'>): Promise<Told>;
  /** All images of a region whose names begin so, hidden ones too, by name. */
  images(region: string, prefix: string): Promise<readonly ImageView[]>;
  /** Waits until a region has so many images of these names, all with their data. */
  arrived(region: string, prefix: string, count: number): Promise<readonly ImageView[]>;
  /** Waits until a region has the replica of an image, with its data. */
  replica(region: string, sourceId: string): Promise<ImageView>;
  /** Syncs until nothing is left to be done. @returns what the last run told */
  settled(policy: string): Promise<Told>;
  stop(): Promise<void>;
}

const patienceMs = 90_000;

const adminOf = (cloud: string) => {
  const found = accountsOf(cloud).applicationCredentials.find(({ user }) => user.name === 'admin');
  if (!found) throw new Error('admin has no application credential');
  return found;
};

const cloudsYaml = ({ authUrl }: OpenStack<'NORTH'>): string => {
  const { id, secret } = adminOf('away');
  const auth = { auth_url: authUrl, application_credential_id: id, application_credential_secret: secret };
  return stringify({
    clouds: { away: { auth, auth_type: 'v3applicationcredential', region_name: 'NORTH' } },
  });
};

/** @param policies as their files say them, by name */
export const startSyncedClouds = async (
  policies: Readonly<Record<string, object>>,
): Promise<SyncedClouds> => {
  const dir = await mkdtemp(join(tmpdir(), 'synced-'));
  const away = await startOpenStack({ dataDir: dir, regions: ['NORTH'], cloud: 'away' });
  for (const [name, policy] of Object.entries(policies))
    await writeFile(join(dir, `${name}.yaml`), stringify({ name, ...policy }));
  await writeFile(join(dir, 'clouds-of-others'), cloudsYaml(away));
  const { id, secret } = adminOf('');
  const env = {
    POLICIES_DIR: dir,
    OS_CLIENT_CONFIG_FILE: join(dir, 'clouds-of-others'),
    OS_APPLICATION_CREDENTIAL_ID: id,
    OS_APPLICATION_CREDENTIAL_SECRET: secret,
    // Small copies are gone before the next region asks for them.
    RELAY_KEEP_H: '1',
  };
  const ferry = await startFerry({ replication: true, env });

  const glance: SyncedClouds['glance'] = (region) =>
    region === 'NORTH' ? away.regions.NORTH : ferry.openstack.region(region);

  const listed = async (region: string, hidden: boolean): Promise<ImageView[]> => {
    const token = (region === 'NORTH' ? away : ferry.openstack).issueToken('admin');
    const url = `${glance(region).url}/v2/images?limit=1000&os_hidden=${hidden}`;
    const answer = await fetch(url, { headers: { 'x-auth-token': token } });
    return ((await answer.json()) as { images: ImageView[] }).images;
  };
  const images: SyncedClouds['images'] = async (region, prefix) =>
    [...(await listed(region, false)), ...(await listed(region, true))]
      .filter(({ name }) => name?.startsWith(prefix))
      .sort((one, other) => (`${one.name} ${one.id}` < `${other.name} ${other.id}` ? -1 : 1));

  const until = async <T>(what: string, look: () => Promise<T | undefined>, pauseMs = 200): Promise<T> => {
    for (const end = Date.now() + patienceMs; Date.now() < end; await delay(pauseMs)) {
      const found = await look();
      if (found !== undefined) return found;
    }
    throw new Error(`${what} in vain`);
  };

  const sync: SyncedClouds['sync'] = async (policy, request = {}) => {
    const handler = await loadHandler('sync-images');
    const answer = await handler({ policy, ...request }, lambdaContext());
    const [told] = (answer as { policies: Told[] }).policies;
    if (!told) throw new Error(`nothing told of ${policy}`);
    return told;
  };

  const isIdle = (told: Told): boolean =>
    Object.values(told.regions).every(({ copied, updated, retired }) => !copied && !updated && !retired);

  return {
    ...{ ferry, away, glance, sync, images },
    arrived: (region, prefix, count) =>
      until(`${count} images ${prefix} in ${region}`, async () => {
        const found = await images(region, prefix);
        const isThere = found.length === count && found.every(({ status }) => status === 'active');
        return isThere ? found : undefined;
      }),
    replica: (region, sourceId) =>
      until(`a replica of ${sourceId} in ${region}`, async () =>
        (await images(region, '')).find(
          ({ status, ferry_source_id }) => status === 'active' && ferry_source_id === sourceId,
        ),
      ),
    settled: (policy) =>
      until(
        `policy ${policy} settled`,
        async () => {
          const told = await sync(policy);
          return isIdle(told) ? told : undefined;
        },
        1000, // runs that come sooner find the imports that the last one has asked for
      ),
    stop: async () => {
      await Promise.all([ferry.stop(), away.stop()]);
      await rm(dir, { recursive: true });
    },
  };
};
