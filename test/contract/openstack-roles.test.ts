/*
 * Who may do what, on a real OpenStack: its Glance's answers and ours. Runs only by its own command,
 * `npm run test:openstack`. Environment: as the contract's (openstack.test.ts), and accounts READER_*, ADMIN_* and
 * SERVICE_*: somebody with the role `reader` alone in the first account's project, an admin, and somebody with the role
 * `service` alone; without them it is left out. RECONFIGURE_TARGET (test/openstack/target-glance.ts); without it, only
 * Glance as it is.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { account, imageEndpoint, setting, tokenOf } from '../openstack/account.ts';
import { canReconfigure, reconfigureTarget, secureRbac } from '../openstack/target-glance.ts';
import { ask } from './client.ts';
import { type Ours, startOurs } from './ours.ts';
import { type RolesCloud, rolesContract } from './roles.contract.ts';

const { READER_USERNAME, ADMIN_USERNAME, SERVICE_USERNAME } = process.env;
const hasAccounts = READER_USERNAME && ADMIN_USERNAME && SERVICE_USERNAME;

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

  describe.runIf(canReconfigure)('with secure RBAC', () => {
    beforeAll(() => reconfigureTarget(secureRbac));
    afterAll(() => reconfigureTarget());
    rolesContract('secure', () => ({ cloud, ours }));
  });

  describe.runIf(canReconfigure)('where the operator has switched all import methods off', () => {
    beforeAll(() => reconfigureTarget('[DEFAULT]\nenabled_import_methods = []'));
    afterAll(() => reconfigureTarget());

    test('a web-download stays off', async () => {
      vi.resetModules(); // what the handlers know of the methods before
      const token = await tokenOf(cloud.accounts.member);
      const json = { method: { name: 'web-download', uri: 'http://203.0.113.1/' } };
      const imageId = randomUUID();
      const theirs = await ask('POST', `${cloud.glanceUrl}/v2/images/${imageId}/import`, { token, json });
      const answer = await ours.ask('import-image', { method: 'POST', imageId, token, body: json });
      expect([theirs.status, theirs.message]).toEqual([400, "Unknown import method name 'web-download'."]);
      expect([answer.status, answer.json['message']]).toEqual([theirs.status, theirs.message]);
      const methods = { 'import-methods': { value: ['glance-download'] } };
      expect(await ours.ask('discovery', { method: 'GET', token })).toMatchObject({ json: methods });
    });
  });
});
