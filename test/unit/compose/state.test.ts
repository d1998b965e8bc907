import { expect, test } from 'vitest';
import { composePace, composeSeats, composeState } from '../../../lib/compose/state.ts';
import { loadConfig } from '../../../lib/config.ts';
import { heartbeatsHidden } from '../../../lib/steps/heartbeat.ts';

const environment = {
  OS_AUTH_URL: 'http://keystone/v3',
  OS_REGION_NAME: 'REGION2',
  IMPORTS_TABLE: 'imports',
  AWS_REGION: 'us-east-1',
};
const configOf = (more: Readonly<Record<string, string>> = {}) => {
  process.env['AWS_REGION'] = 'us-east-1';
  return loadConfig({ ...environment, ...more }, ['IMPORTS_TABLE']);
};

test.each([1, 2, 5, 20, 60])(
  'with a heartbeat of %d s a lease ends before its message comes again, and outlives two heartbeats',
  (heartbeatS) => {
    const config = configOf({ HEARTBEAT_S: `${heartbeatS}` });
    const { claims, copies } = composeState(config);
    // What a step hides its message for, each time that it renews its lease.
    const hiddenMs = heartbeatsHidden * composePace(config).heartbeatS * 1000;
    for (const { leaseMs } of [claims, copies]) {
      expect(leaseMs).toBeLessThan(hiddenMs);
      expect(leaseMs).toBeGreaterThan(2 * heartbeatS * 1000);
    }
  },
);

test('projects wait for their turn, unless one may have everything', () => {
  const step = { step: 'stream-image', concurrency: 10 } as const;
  const seatsAt = (percent: string) => {
    const config = configOf({ PROJECT_SHARE_PERCENT: percent });
    return composeSeats(config, composeState(config).table, step);
  };
  expect(seatsAt('50').seats).toBeDefined();
  expect(seatsAt('100')).toEqual({});
});
