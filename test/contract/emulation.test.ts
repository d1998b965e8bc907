import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { type OpenStack, startOpenStack } from '../cloud/openstack/openstack.ts';
import type { ContractCloud } from './cloud.ts';
import { openStackContract } from './contract.ts';

let emulation: OpenStack;
let dataDir: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'contract-'));
  emulation = await startOpenStack({ dataDir, glance: { REGION2: { store: 'object' } } });
});

afterAll(async () => {
  await emulation.stop();
  await rm(dataDir, { recursive: true });
});

const cloud = (region: 'REGION1' | 'REGION2'): ContractCloud => ({
  authUrl: emulation.authUrl,
  glanceUrl: emulation.regions[region].url,
  owner: { userName: 'demo', password: 'demo-secret', projectName: 'demo' },
  other: { userName: 'other', password: 'other-secret', projectName: 'other' },
  hasRandomAccess: region === 'REGION1',
});

describe('the emulated cloud, with a file store', () => openStackContract(() => cloud('REGION1')));
describe('the emulated cloud, with an object store', () => openStackContract(() => cloud('REGION2')));
