import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OpenStack, startOpenStack } from '../cloud/openstack/openstack.ts';
import { localSettings } from '../integration/ferry.ts';
import { createTraces, type Traces } from '../integration/traces.ts';
import { startAwsElsewhere } from './aws-elsewhere.ts';

/** The emulated clouds that the HTTP functions are asked in front of; nobody reads the queues. */
export interface RequestBench {
  readonly openstack: OpenStack;
  readonly traces: Traces;
  stop(): Promise<void>;
}

const settings = {
  ...localSettings,
  TOKEN_CACHE_S: '300',
  POWERTOOLS_METRICS_DISABLED: 'true',
  POWERTOOLS_LOG_LEVEL: 'CRITICAL',
};

/** Once in a process: the handlers read their settings when they are loaded. */
export const startRequestBench = async (): Promise<RequestBench> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'glance-ferry-requests-'));
  const openstack = await startOpenStack({ dataDir });
  const aws = await startAwsElsewhere({ dataDir });
  Object.assign(process.env, aws.env, settings, { OS_AUTH_URL: openstack.authUrl });
  return {
    openstack,
    traces: createTraces(aws),
    stop: async () => {
      await Promise.all([openstack.stop(), aws.stop()]);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
};
