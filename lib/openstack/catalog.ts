import { FerryError } from '../errors.ts';
import type { KeystoneToken } from '../schemas/openstack.ts';

export type Catalog = NonNullable<KeystoneToken['token']['catalog']>;

/** By hand: a regular expression for it takes quadratic time over slashes in the middle. */
export const withoutTrailingSlashes = (url: string): string => {
  let end = url.length;
  while (url[end - 1] === '/') end -= 1;
  return url.slice(0, end);
};

/**
 * Catalogs hold `http://h:9292`, `http://h:9292/` and `http://h:9292/v2/` alike; Glance itself joins them without
 * a look and asks for `/v2/v2/images` (glance/async_/utils.py).
 */
export const normaliseEndpoint = (url: string): string =>
  withoutTrailingSlashes(url).replace(/\/v2(\.\d+)?$/, '');

/** A region's image service, as a catalog has it. */
export interface ImageEndpoint {
  /** As Keystone spells it. */
  readonly region: string;
  /** Base URL without `/v2`. */
  readonly url: string;
}

/** The image services of all regions that have this interface, in the catalog's order. */
export const imageEndpoints = (catalog: Catalog, wanted: string): readonly ImageEndpoint[] =>
  catalog
    .filter(({ type }) => type === 'image')
    .flatMap(({ endpoints }) => endpoints)
    .filter((endpoint) => endpoint.interface === wanted)
    .map(({ region, region_id, url }) => ({
      region: region ?? region_id ?? '',
      url: normaliseEndpoint(url),
    }))
    .filter(({ region }) => region !== '');

/** Names of regions compare case-insensitively, as in Glance's get_glance_endpoint. */
export const isSameRegion = (one: string, other: string): boolean =>
  one.toLowerCase() === other.toLowerCase();

/** A region's image service. Of two whose names differ in their case alone, it is the one that is spelt so. */
export const endpointOf = (endpoints: readonly ImageEndpoint[], region: string): ImageEndpoint | undefined =>
  endpoints.find((endpoint) => endpoint.region === region) ??
  endpoints.find((endpoint) => isSameRegion(endpoint.region, region));

/** The image service's endpoint in a region, base URL without `/v2`. */
export const imageEndpoint = (
  catalog: Catalog,
  wanted: { readonly region: string; readonly interface: string },
): string | undefined => endpointOf(imageEndpoints(catalog, wanted.interface), wanted.region)?.url;

/** In Glance's words (GlanceEndpointNotFound). */
export const endpointNotFound = (wanted: { readonly region: string; readonly interface: string }): string =>
  `${wanted.interface} glance endpoint not found for region ${wanted.region}`;

/**
 * Nothing tells a region or an interface that no catalog has from a catalog that is narrowed for one project (Keystone's
 * endpoint filters), so it is put right where every caller is concerned, at the operator's, and both are named. A
 * catalog without any image service is the caller's own.
 * @returns `misconfigured` or `bad-request`, in Glance's words
 */
export const notInCatalog = (
  catalog: Catalog,
  wanted: { readonly region: string; readonly interface: string },
): FerryError => {
  const sentence = endpointNotFound(wanted);
  const images = catalog.filter(({ type }) => type === 'image').flatMap(({ endpoints }) => endpoints);
  if (images.length === 0) return new FerryError('bad-request', sentence);
  const offered = images.map((one) => `${one.interface} in ${one.region ?? one.region_id}`);
  return new FerryError(
    'misconfigured',
    `${sentence}: either this service is set up for another region or interface than the cloud has, or the catalog of ` +
      'this project leaves it out',
    {
      cause: new Error(
        `OS_REGION_NAME=${wanted.region} and OS_INTERFACE=${wanted.interface} are not in a caller's catalog, which has ` +
          [...new Set(offered)].sort().join(', '),
      ),
    },
  );
};
