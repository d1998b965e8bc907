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
import { account, imageEndpoint, setting, tokenOf } from '../openstack/account.ts';
import type { ContractCloud } from './cloud.ts';
import { openStackContract } from './contract.ts';

let cloud: ContractCloud;

beforeAll(async () => {
  const [authUrl, owner, other] = [setting('OS_AUTH_URL'), account('OS_'), account('OTHER_')];
  const glanceUrl = await imageEndpoint(await tokenOf(owner), setting('OS_REGION_NAME'));
  const { STORE: store, STORE_WITHOUT_RANGES: withoutRanges } = process.env;
  const hasRandomAccess = !withoutRanges;
  cloud = { authUrl, glanceUrl, owner, other, hasRandomAccess, ...(store ? { store } : {}) };
});

openStackContract(() => cloud);
