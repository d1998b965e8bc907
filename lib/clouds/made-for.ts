import { isSameRegion } from '../openstack/catalog.ts';
import type { Cloud } from './cloud.ts';

/** The entry that is made for a region: the one that is spelt so before one that differs in its case alone. */
export const madeFor = <T extends Pick<Cloud, 'regionName'>>(
  entries: readonly T[],
  region: string,
): T | undefined =>
  entries.find(({ regionName }) => regionName === region) ??
  entries.find(({ regionName }) => isSameRegion(regionName ?? '', region));
