import type { CloudRegion } from '../../lib/clouds/cloud.ts';
import { titleOf } from '../../lib/clouds/trust-cloud.ts';
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

/** Somewhere one has a standing. */
type Standing = Pick<CloudRegion, 'region' | 'session' | 'identity'>;

export interface Ends {
  readonly to: Standing;
  /** Where the image is, whose cloud's token goes along; absent where nothing is imported. */
  readonly from?: Standing;
}

const unknown = (): WrongUse =>
  new WrongUse(
    `Where is the deployment? --url URL says it, or GLANCE_FERRY_URL, or a service of type ${serviceType} in the catalog`,
  );

/** What the target's cloud says is shown, so that it can be looked at and said. */
const unsaid = ({ region, session: { cloud }, identity }: Standing): WrongUse => {
  const listed = inCatalog(identity, region);
  return new WrongUse(
    `Where is the deployment of region ${region}? Tokens of two clouds go there: --url URL says it, ` +
      `image_import_endpoint_override of ${titleOf(cloud)} in clouds.yaml, GLANCE_FERRY_URL, or a service of type ` +
      `${serviceType} in the catalogs of both clouds, the same in both` +
      (listed === undefined ? '' : `; that of ${titleOf(cloud)} says ${listed}`),
  );
};

/**
 * Where the deployment is that imports into a region: by option, by the entry of its cloud, by variable, or by the catalog of
 * who calls.
 * @throws WrongUse where nothing says so, or what says so is no URL; where several tokens would go over the net in clear
 */
export const findUrl = ({ env }: Io, { url }: CommonOptions, { to, from = to }: Ends): string => {
  const isOfSeveral = from.session !== to.session;
  const identities = isOfSeveral ? [to.identity, from.identity] : [to.identity];
  const named = url || to.session.cloud.importUrl || env['GLANCE_FERRY_URL'];
  const found = named || inAllCatalogs(to.region, identities);
  if (!found) throw isOfSeveral ? unsaid(to) : unknown();
  if (!URL.canParse(found) || !/^https?:$/.test(new URL(found).protocol))
    throw new WrongUse(`The URL of the deployment is none: ${found}`);
  if (isOfSeveral && new URL(found).protocol === 'http:' && !isLoopback(new URL(found)))
    throw new WrongUse(`Tokens of two clouds go to the deployment by https alone: ${found}`);
  return base(found);
};
