import { afterAll, beforeAll } from 'vitest';
import { nineRegions } from '../../integration/one-source.ts';
import { useFerry } from '../../integration/use-ferry.ts';
import { openrcOf } from './command.ts';
import { type ServedFerry, serveFerry } from './served-ferry.ts';

/**
 * A deployment of nine regions behind one URL, for a test file of the command; and the environment of user demo, whose
 * images are in REGION1.
 * @param more settings of the deployment
 */
export const useCommand = (more: Readonly<Record<string, string>> = {}) => {
  const ferry = useFerry({
    ...nineRegions,
    env: { ...nineRegions.env, HEARTBEAT_S: '2', RETRY_DELAY_S: '1', ...more },
  });
  const served = {} as ServedFerry;
  const demo: Record<string, string> = {};
  beforeAll(async () => {
    Object.assign(served, await serveFerry(ferry));
    const { authUrl } = ferry.openstack;
    Object.assign(demo, openrcOf('demo', { authUrl, url: served.url, region: 'REGION1' }));
  });
  afterAll(() => served.stop());
  return { ferry, served, demo };
};
