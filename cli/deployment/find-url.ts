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

/** A catalog is its cloud's word, and no cloud is to say where another one's token goes. */
const inAllCatalogs = (region: string, identities: readonly Identity[]): string | undefined => {
  const urls = new Set(identities.map((identity) => inCatalog(identity, region)));
  return urls.size === 1 ? [...urls][0] : undefined;
};

const isLoopback = ({ hostname }: URL): boolean => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);

const unknown = (isOfSeveral: boolean): WrongUse => {
  const service = `a service of type ${serviceType} in ${isOfSeveral ? 'the catalogs of both clouds' : 'the catalog'}`;
  return new WrongUse(
    `Where is the deployment? --url URL says it, or GLANCE_FERRY_URL, or ${service}${isOfSeveral ? ', the same in both' : ''}`,
  );
};

/**
 * Where the deployment is: by option, by variable, or by the catalog of who calls.
 * @param identities who calls, in each cloud whose token the deployment gets
 * @throws WrongUse where nothing says so, or what says so is no URL; where several tokens would go over the net in clear
 */
export const findUrl = (
  { env }: Io,
  { url }: CommonOptions,
  { region, identities }: { readonly region: string; readonly identities: readonly Identity[] },
): string => {
  const named = url ?? env['GLANCE_FERRY_URL'];
  const found = named || inAllCatalogs(region, identities);
  const isOfSeveral = identities.length > 1;
  if (!found) throw unknown(isOfSeveral);
  if (!URL.canParse(found) || !/^https?:$/.test(new URL(found).protocol))
    throw new WrongUse(`The URL of the deployment is none: ${found}`);
  if (isOfSeveral && new URL(found).protocol === 'http:' && !isLoopback(new URL(found)))
    throw new WrongUse(`Tokens of two clouds go to the deployment by https alone: ${found}`);
  return base(found);
};
