import type { KeystoneToken } from '../schemas/openstack.ts';

export type Catalog = NonNullable<KeystoneToken['token']['catalog']>;
export type Interface = 'public' | 'internal' | 'admin';

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

/**
 * The image service's endpoint in a region, base URL without `/v2`.
 * Regions compare case-insensitively, as in Glance's get_glance_endpoint.
 */
export const imageEndpoint = (
  catalog: Catalog,
  wanted: { readonly region: string; readonly interface: string },
): string | undefined => {
  const region = wanted.region.toLowerCase();
  const found = catalog
    .filter(({ type }) => type === 'image')
    .flatMap(({ endpoints }) => endpoints)
    .find(
      (endpoint) =>
        endpoint.interface === wanted.interface &&
        (endpoint.region ?? endpoint.region_id ?? '').toLowerCase() === region,
    );
  return found && normaliseEndpoint(found.url);
};

/** In Glance's words (GlanceEndpointNotFound). */
export const endpointNotFound = (wanted: { readonly region: string; readonly interface: string }): string =>
  `${wanted.interface} glance endpoint not found for region ${wanted.region}`;
