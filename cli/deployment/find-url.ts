import { withoutTrailingSlashes } from '../../lib/openstack/catalog.ts';
import type { Identity } from '../../lib/openstack/validate-token.ts';
import { type Io, WrongUse } from '../call/io.ts';
import type { CommonOptions } from '../call/options.ts';

/** Under which a catalog has this deployment. */
export const serviceType = 'image-import';

/** Base URL without `/v2`; the one of the region before others. */
const inCatalog = ({ catalog }: Identity, region: string): string | undefined => {
  const endpoints = catalog
    .filter(({ type }) => type === serviceType)
    .flatMap((service) => service.endpoints)
    .filter((endpoint) => endpoint.interface === 'public');
  const own = endpoints.find((endpoint) => (endpoint.region ?? endpoint.region_id) === region);
  return (own ?? endpoints[0])?.url;
};

/** Whoever lists the deployment may have written its URL as that of an image service. */
const base = (url: string): string =>
  withoutTrailingSlashes(withoutTrailingSlashes(url).replace(/\/v2$/, ''));

/**
 * Where the deployment is: by option, by variable, or by the catalog of who calls.
 * @param identities who calls, in the clouds that are at hand
 * @throws WrongUse where nothing says so, or what says so is no URL
 */
export const findUrl = (
  { env }: Io,
  { url }: CommonOptions,
  { region, identities }: { readonly region: string; readonly identities: readonly Identity[] },
): string => {
  const named = url ?? env['GLANCE_FERRY_URL'];
  const found =
    named || identities.map((identity) => inCatalog(identity, region)).find((one) => one !== undefined);
  if (!found)
    throw new WrongUse(
      `Where is the deployment? --url URL says it, or GLANCE_FERRY_URL, or a service of type ${serviceType} in the catalog`,
    );
  if (URL.canParse(found) && /^https?:$/.test(new URL(found).protocol)) return base(found);
  throw new WrongUse(`The URL of the deployment is none: ${found}`);
};
