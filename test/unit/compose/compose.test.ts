import { expect, test } from 'vitest';
import { composeState } from '../../../lib/compose/compose.ts';
import { loadConfig } from '../../../lib/config.ts';
import { heartbeatsHidden } from '../../../lib/steps/heartbeat.ts';

const environment = {
  OS_AUTH_URL: 'http://keystone/v3',
  OS_REGION_NAME: 'REGION2',
  IMPORTS_TABLE: 'imports',
  AWS_REGION: 'us-east-1',
};

test.each([1, 2, 5, 20, 60])(
  'with a heartbeat of %d s a lease ends before its message comes again, and outlives two heartbeats',
  (heartbeatS) => {
    process.env['AWS_REGION'] = 'us-east-1';
    const config = loadConfig({ ...environment, HEARTBEAT_S: `${heartbeatS}` }, ['IMPORTS_TABLE']);
    const { leaseMs } = composeState(config).claims;
    expect(leaseMs).toBeLessThan(heartbeatsHidden * heartbeatS * 1000);
    expect(leaseMs).toBeGreaterThan(2 * heartbeatS * 1000);
  },
);
