import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { type OpenStack, startOpenStack } from '../cloud/openstack/openstack.ts';
import { type Ours, startOurs } from './ours.ts';
import { type RolesCloud, rolesContract } from './roles.contract.ts';

let emulation: OpenStack;
let dataDir: string;
let ours: Ours;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'roles-'));
  const importMethods = ['web-download', 'glance-download'];
  emulation = await startOpenStack({ dataDir, glance: { REGION2: { importMethods } } });
  ours = await startOurs(cloud());
});
afterAll(async () => {
  await ours.stop();
  await emulation.stop();
  await rm(dataDir, { recursive: true });
});

const user = (userName: string, projectName = userName) => ({
  ...{ userName, password: `${userName}-secret`, projectName },
});
const cloud = (): RolesCloud => ({
  ...{ authUrl: emulation.authUrl, region: 'REGION2', glanceUrl: emulation.regions.REGION2.url },
  accounts: {
    ...{ admin: user('admin'), member: user('demo'), reader: user('reader', 'demo') },
    ...{ other: user('other'), service: user('svc', 'service') },
  },
});
const both = () => ({ cloud: cloud(), ours });

describe('who may do what under the default policy', () => rolesContract('default', both));

describe('who may do what with secure RBAC', () => {
  beforeAll(() => emulation.regions.REGION2.setPolicy('secure'));
  afterAll(() => emulation.regions.REGION2.setPolicy('default'));
  rolesContract('secure', both);
});
