import { readFile } from 'node:fs/promises';
import type { Cloud } from '../cloud.ts';
import { type OpenStack, startOpenStack } from '../openstack/openstack.ts';

/** A second cloud, whose Keystone knows nothing of the first one's: one region, NORTH, on free ports. */
export type OtherCloud = OpenStack<'NORTH'>;

export const startOtherCloud = (options: {
  readonly dataDir: string;
  readonly tokenLifetimeS: number;
}): Promise<OtherCloud> => startOpenStack({ ...options, regions: ['NORTH'], cloud: 'north' });

/** An application credential of admin's. */
const credentialIn = ({ keystone }: Pick<OpenStack, 'keystone'>) => {
  const { applicationCredentials } = keystone.accounts;
  const { id, secret } = applicationCredentials.find(({ user }) => user.name === 'admin') ?? {};
  return { id, secret };
};

/** An entry for the other cloud; or, where OS_CLIENT_CONFIG_FILE names a clouds.yaml, what that says. */
const cloudsYaml = async (other: OtherCloud): Promise<string> => {
  const { OS_CLIENT_CONFIG_FILE: file } = process.env;
  if (file) return await readFile(file, 'utf8');
  const { id, secret } = credentialIn(other);
  const auth = {
    auth_url: other.authUrl,
    application_credential_id: id,
    application_credential_secret: secret,
  };
  const north = { region_name: 'NORTH', auth_type: 'v3applicationcredential', auth };
  // JSON is YAML.
  return JSON.stringify({ clouds: { north } });
};

const arnOf = (name: string): string => `arn:aws:secretsmanager:us-east-1:000000000000:secret:${name}`;

/** With what events and policies are carried out, in both clouds, as secrets. @returns settings that name them */
export async function createDeploymentRights(
  { aws, openstack }: Cloud,
  other: OtherCloud,
): Promise<Record<string, string>> {
  const [own, clouds] = [arnOf('glance-ferry-user'), arnOf('glance-ferry-clouds')];
  aws.secrets.set(own, JSON.stringify(credentialIn(openstack)));
  aws.secrets.set(clouds, await cloudsYaml(other));
  return { OS_APPLICATION_CREDENTIAL_SECRET_ARN: own, CLOUDS_SECRET_ARN: clouds };
}
