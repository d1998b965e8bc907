/*
 * The contract on a real OpenStack. Runs only by its own command:
 *
 *   vitest run test/contract/openstack.test.ts
 *
 * Environment, as in an openrc: OS_AUTH_URL, OS_REGION_NAME, OS_USERNAME, OS_PASSWORD, OS_PROJECT_NAME of a
 * member of a project; OTHER_USERNAME, OTHER_PASSWORD, OTHER_PROJECT_NAME of a member of another project.
 * Both in domain `default`, neither an admin. STORE names a store other than the region's default;
 * STORE_WITHOUT_RANGES=1 when it is neither a file nor a cinder store. Creates images named `contract` and deletes them.
 */
import { beforeAll } from 'vitest';
import { ask, passwordLogin } from './client.ts';
import type { Account, ContractCloud } from './cloud.ts';
import { openStackContract } from './contract.ts';

interface Service {
  readonly type: string;
  readonly endpoints: { interface: string; region: string; url: string }[];
}

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: see the top of test/contract/openstack.test.ts`);
  return value;
}

const account = (prefix: string): Account => ({
  userName: setting(`${prefix}USERNAME`),
  password: setting(`${prefix}PASSWORD`),
  projectName: setting(`${prefix}PROJECT_NAME`),
});

/** The public image endpoint of the region, without a version. */
async function imageEndpoint(authUrl: string, owner: Account, region: string): Promise<string> {
  const answer = await ask('POST', `${authUrl}/auth/tokens`, { json: passwordLogin(owner) });
  const { catalog } = answer.field('token') as { catalog: Service[] };
  const endpoints = catalog.find(({ type }) => type === 'image')?.endpoints ?? [];
  const found = endpoints.find((one) => one.region === region && one.interface === 'public');
  if (!found) throw new Error(`the catalog has no public image endpoint in ${region}`);
  return found.url.replace(/\/(v2\/?)?$/, '');
}

let cloud: ContractCloud;

beforeAll(async () => {
  const [authUrl, owner, other] = [setting('OS_AUTH_URL'), account('OS_'), account('OTHER_')];
  const glanceUrl = await imageEndpoint(authUrl, owner, setting('OS_REGION_NAME'));
  const { STORE: store, STORE_WITHOUT_RANGES: withoutRanges } = process.env;
  const hasRandomAccess = !withoutRanges;
  cloud = { authUrl, glanceUrl, owner, other, hasRandomAccess, ...(store ? { store } : {}) };
});

openStackContract(() => cloud);
