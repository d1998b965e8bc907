import { FerryError } from '../errors.ts';

/**
 * Host and port, without a port that a scheme means anyhow: where TLS ends before us, neither side knows the other's
 * scheme.
 */
const hostOf = ({ host }: URL): string => host.replace(/:(80|443)$/, '');

const pathOf = ({ pathname }: URL): string => (pathname === '/' ? '' : pathname);

/**
 * Whether an endpoint of the catalog is this deployment: its root, or one of the regions below it.
 * @param endpoint base URL without `/v2`
 * @param root where the request has found this deployment, `https://ferry.example`; what is not known is nowhere
 */
export const isOurs = (endpoint: string, root: string | undefined): boolean => {
  if (root === undefined || !URL.canParse(endpoint) || !URL.canParse(root)) return false;
  const [theirs, ours] = [new URL(endpoint), new URL(root)];
  if (hostOf(theirs) !== hostOf(ours)) return false;
  const [path, base] = [pathOf(theirs), pathOf(ours)];
  return path === base || path.startsWith(`${base}/regions/`);
};

interface CatalogEntry {
  readonly region: string;
  readonly interface: string;
  readonly endpoint: string;
}

const isItself = ({ region, interface: name }: CatalogEntry): string =>
  `The catalog's ${name} image endpoint of region ${region} is this service itself`;

/**
 * A catalog may have our own URL as a region's public one, so that clients find us: asking it for images, we would ask
 * ourselves, and each of these requests the next.
 * @throws FerryError `misconfigured` for a target, which is the operator's
 */
export const requireTheirs = (target: CatalogEntry, root: string | undefined): void => {
  if (!isOurs(target.endpoint, root)) return;
  throw new FerryError(
    'misconfigured',
    `${isItself(target)}: it needs OS_INTERFACE=internal, or another interface at which Glance itself is reached`,
  );
};

/** The same of a source, whose interface the request names. @throws FerryError `bad-request` */
export const requireTheirSource = (source: CatalogEntry, root: string | undefined): void => {
  if (!isOurs(source.endpoint, root)) return;
  throw new FerryError(
    'bad-request',
    `${isItself(source)}, which has no images: 'glance_service_interface' must name another, such as internal`,
  );
};
