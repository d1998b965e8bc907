import { isSameRegion } from '../openstack/catalog.ts';

/** A region of another cloud, and the Keystone whose tokens count there. */
export interface OtherRegion {
  readonly name: string;
  /** As an openrc's OS_AUTH_URL. */
  readonly authUrl: string;
}

/** What OS_TARGET_REGIONS says. */
export interface TargetRegions {
  /** Of the deployment's own Keystone, OS_REGION_NAME first. */
  readonly own: readonly string[];
  /** Whether each region of a caller's catalog is served. */
  readonly isEvery: boolean;
  readonly others: readonly OtherRegion[];
}

const every = '*';

const otherIn = (item: string): readonly OtherRegion[] => {
  const [, name, authUrl] = /^([^=]+)=(https?:\/\/.+)$/.exec(item) ?? [];
  return name === undefined || authUrl === undefined ? [] : [{ name: name.trim(), authUrl }];
};

/**
 * Imports are kept by the names of their regions.
 * @throws Error for a name that stands for regions of two clouds
 */
const requireApart = (own: readonly string[], others: readonly OtherRegion[]): void => {
  const names = [...own, ...others.map(({ name }) => name)];
  const twice = others.find(({ name }) => names.filter((one) => isSameRegion(one, name)).length > 1);
  if (!twice) return;
  throw new Error(
    `Configuration: OS_TARGET_REGIONS names ${twice.name}, which is a region of another cloud too`,
  );
};

/**
 * @param items `REGION3`, `*`, or `NORTH=https://keystone.north.example/v3` for a region of another cloud
 * @param region OS_REGION_NAME
 * @throws Error for a name that stands for regions of two clouds
 */
export const targetRegionsOf = (items: readonly string[], region: string): TargetRegions => {
  const own = [region, ...items.filter((item) => item !== every && otherIn(item).length === 0)];
  const others = items.flatMap(otherIn);
  requireApart(own, others);
  return { own, isEvery: items.includes(every), others };
};

/** API Gateway gives a path's parts decoded, others as they came: a name is looked for in both forms. */
export const formsOf = (region: string): readonly string[] => {
  try {
    return [region, decodeURIComponent(region)];
  } catch {
    return [region];
  }
};

/**
 * The region of another cloud that a path names, before anybody has looked at a token: that must go to no other Keystone.
 * @param region as in the path
 */
export const otherRegion = ({ others }: TargetRegions, region: string): OtherRegion | undefined =>
  others.find(({ name }) => formsOf(region).some((form) => isSameRegion(form, name)));
