import type { Cloud } from './cloud.ts';

/** As catalogs compare (endpointOf): in any case of letters. */
const isSame = (one: string | undefined, other: string): boolean =>
  one !== undefined && one.toLowerCase() === other.toLowerCase();

/** The entry that is made for a region: the one that is spelt so before one that differs in its case alone. */
export const madeFor = <T extends Pick<Cloud, 'regionName'>>(
  entries: readonly T[],
  region: string,
): T | undefined =>
  entries.find(({ regionName }) => regionName === region) ??
  entries.find(({ regionName }) => isSame(regionName, region));
