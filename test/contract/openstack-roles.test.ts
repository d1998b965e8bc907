/*
 * Who may do what, on a real OpenStack: its Glance's answers and ours. Runs only by its own command,
 * `npm run test:openstack`. Environment: as the contract's (openstack.test.ts), and accounts READER_*, ADMIN_* and
 * SERVICE_*: somebody with the role `reader` alone in the first account's project, an admin, and somebody with the role
 * `service` alone; without them it is left out. SECURE_RBAC_ON and SECURE_RBAC_OFF are commands for bash that restart
 * the region's Glance with secure RBAC and without; without them it is left out with secure RBAC.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe } from 'vitest';
import { account, imageEndpoint, setting, tokenOf } from '../openstack/account.ts';
import { type Ours, startOurs } from './ours.ts';
import { type RolesCloud, rolesContract } from './roles.contract.ts';

const { READER_USERNAME, ADMIN_USERNAME, SERVICE_USERNAME, SECURE_RBAC_ON, SECURE_RBAC_OFF } = process.env;
const hasAccounts = READER_USERNAME && ADMIN_USERNAME && SERVICE_USERNAME;
const bash = (command: string) => promisify(execFile)('bash', ['-c', command]);

describe.skipIf(!hasAccounts)('who may do what', () => {
  let cloud: RolesCloud;
  let ours: Ours;

  beforeAll(async () => {
    const accounts = {
      ...{ admin: account('ADMIN_'), member: account('OS_'), reader: account('READER_') },
      ...{ other: account('OTHER_'), service: account('SERVICE_') },
    };
    const [authUrl, region] = [setting('OS_AUTH_URL'), setting('OS_REGION_NAME')];
    const glanceUrl = await imageEndpoint(await tokenOf(accounts.member), region);
    cloud = { authUrl, region, glanceUrl, accounts };
    ours = await startOurs(cloud);
  });
  afterAll(() => ours.stop());

  describe('under the default policy', () => rolesContract('default', () => ({ cloud, ours })));

  describe.skipIf(!SECURE_RBAC_ON || !SECURE_RBAC_OFF)('with secure RBAC', () => {
    beforeAll(() => bash(SECURE_RBAC_ON ?? ''));
    afterAll(() => bash(SECURE_RBAC_OFF ?? ''));
    rolesContract('secure', () => ({ cloud, ours }));
  });
});
