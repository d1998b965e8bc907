import { afterAll, beforeAll } from 'vitest';
import type { DefaultRegion } from '../cloud/openstack/openstack.ts';
import { type Ferry, type FerryOptions, startFerry } from './ferry.ts';

/**
 * The ferry of a test file: started before its first test, stopped after its last. Nothing is in it before. Once per
 * file: the handlers read their settings when they are loaded.
 */
export const useFerry = <const Region extends string = DefaultRegion>(
  options: FerryOptions<Region> = {},
): Ferry<Region> => {
  const ferry = {} as Ferry<Region>;
  beforeAll(async () => void Object.assign(ferry, await startFerry<Region>(options)));
  afterAll(() => ferry.stop());
  return ferry;
};
