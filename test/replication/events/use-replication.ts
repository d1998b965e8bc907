import { mkdtempSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll } from 'vitest';
import type { Glance } from '../../cloud/openstack/glance/glance.ts';
import type { ImageView } from '../../cloud/openstack/glance/record.ts';
import { accountsOf } from '../../cloud/openstack/keystone/fixture.ts';
import { type OpenStack, startOpenStack } from '../../cloud/openstack/openstack.ts';
import type { Ferry, FerryOptions } from '../../integration/ferry.ts';
import { useFerry } from '../../integration/use-ferry.ts';

/** A deployment between three regions, and a cloud of its own that it has a clouds.yaml for, region NORTH. */
export interface Replication extends Ferry {
  away(): OpenStack<'NORTH'>;
  /** REGION1, REGION2, REGION3 or NORTH. */
  glance(region: string): Glance;
  /** Puts an event "Image Published" on the bus. */
  publish(detail: object): Promise<void>;
  /** What a region has of a source, whatever state it is in. */
  replicasOf(region: string, sourceId: string): readonly ImageView[];
}

const { id, secret } = accountsOf('').applicationCredentials.find(({ user }) => user.name === 'admin') ?? {
  id: '',
  secret: '',
};

const cloudsYaml = ({ authUrl, keystone }: OpenStack<'NORTH'>): string => {
  const own = keystone.accounts.applicationCredentials.find(({ user }) => user.name === 'admin');
  const auth = {
    auth_url: authUrl,
    application_credential_id: own?.id,
    application_credential_secret: own?.secret,
  };
  // JSON is YAML.
  return JSON.stringify({
    clouds: { north: { region_name: 'NORTH', auth_type: 'v3applicationcredential', auth } },
  });
};

export interface ReplicationOptions extends FerryOptions {
  /** Policies of the deployment, by the names of their files. */
  readonly policies?: Readonly<Record<string, object>>;
}

/** The deployment of a test file: its rights are admin's, in both clouds. */
export const useReplication = ({ policies = {}, ...options }: ReplicationOptions = {}): Replication => {
  const directory = mkdtempSync(join(tmpdir(), 'replication-'));
  const [file, folder] = [join(directory, 'clouds.yaml'), join(directory, 'policies')];
  let away: OpenStack<'NORTH'>;
  beforeAll(async () => {
    away = await startOpenStack({ dataDir: directory, regions: ['NORTH'], cloud: 'away' });
    await writeFile(file, cloudsYaml(away));
    await mkdir(folder);
    for (const [name, policy] of Object.entries(policies))
      await writeFile(join(folder, name), JSON.stringify(policy));
  });
  const env = {
    OS_APPLICATION_CREDENTIAL_ID: id,
    OS_APPLICATION_CREDENTIAL_SECRET: secret,
    OS_CLIENT_CONFIG_FILE: file,
    OS_TARGET_REGIONS: '*',
    POLICIES_DIR: folder,
    PROJECT_SHARE_PERCENT: '100',
    ...options.env,
  };
  const ferry = useFerry({ replication: true, ...options, env });
  afterAll(async () => {
    await away.stop();
    await rm(directory, { recursive: true });
  });

  const glance = (region: string): Glance =>
    region === 'NORTH' ? away.regions.NORTH : ferry.openstack.region(region);
  const publish = async (detail: object): Promise<void> => {
    const bus = new EventBridgeClient({});
    const event = { Source: 'test', DetailType: 'Image Published', Detail: JSON.stringify(detail) };
    await bus.send(new PutEventsCommand({ Entries: [event] }));
    bus.destroy();
  };
  const own = {
    away: () => away,
    glance,
    publish,
    replicasOf: (region: string, sourceId: string) =>
      glance(region)
        .images()
        .filter((image) => image['ferry_source_id'] === sourceId),
  };
  return Object.assign(ferry, own);
};
