import type { TokenCheck } from '../../clouds/keystones.ts';
import { formsOf, type OtherRegion, otherRegion, targetRegionsOf } from '../../clouds/target-regions.ts';
import { echo } from '../../echo.ts';
import { FerryError } from '../../errors.ts';
import {
  type Catalog,
  endpointOf,
  type ImageEndpoint,
  imageEndpoints,
  isSameRegion,
  notInCatalog,
} from '../../openstack/catalog.ts';
import { callersToken } from '../../openstack/credentials.ts';
import { createGlance, type Glance } from '../../openstack/glance/glance.ts';
import type { OpenStackHttp } from '../../openstack/http.ts';
import { requireTheirs } from '../../openstack/own-url.ts';
import type { Identity } from '../../openstack/validate-token.ts';
import type { RegionName, Token } from '../../schemas/ids.ts';

export interface TargetsServices {
  readonly http: OpenStackHttp;
  readonly keystone: TokenCheck;
  /** That of another cloud. @param authUrl as an openrc has it */
  readonly keystoneAt: (authUrl: string) => TokenCheck;
  /** The region of requests that name none. */
  readonly region: string;
  /** Further ones, as the operator writes them (target-regions.ts). */
  readonly targetRegions: readonly string[];
  /** Of the own regions' Glance; other clouds' are reached at their public endpoints. */
  readonly interface: string;
}

/** Where a request was sent to, and with what token. */
export interface Asking {
  readonly token: Token;
  /** The region in its path, as the gateway gives it; undefined where the path has none. */
  readonly region?: string | undefined;
  /** Where it has found this deployment, `https://ferry.example`; undefined for an invocation. */
  readonly root?: string | undefined;
  readonly signal: AbortSignal;
}

/** Who calls, and their view of a region's Glance. */
export interface Caller {
  readonly identity: Identity;
  /** As Keystone spells it, whatever the settings say: the same target never has two names. */
  readonly region: RegionName;
  readonly target: Glance;
  /** Where the region is one of another cloud, its Keystone: the deployment itself has no standing there. */
  readonly otherKeystone?: TokenCheck;
}

/** The regions that this deployment serves. */
export interface Targets {
  /**
   * Validates a token and finds the region's Glance in its catalog.
   * @throws FerryError `unauthorized`; `not-found` for a region that is not served, with those that are; for requests
   *   that name no region see `notInCatalog` (catalog.ts); `misconfigured` when the catalog leads to this deployment
   */
  caller(asking: Asking): Promise<Caller>;
  /**
   * The names of those that this caller's catalog has, and of those of other clouds, sorted.
   * @throws FerryError `unauthorized`
   */
  list(asking: Asking): Promise<readonly RegionName[]>;
  /** For whom nobody knows yet. @throws FerryError `not-found` for a region that no caller's catalog could make served */
  requireNamed(region: string | undefined): void;
}

const notServed = (region: string, served: readonly string[]): FerryError =>
  new FerryError(
    'not-found',
    `Region ${echo(region)} is not served here; regions served: ${[...served].sort().join(', ') || 'none'}`,
  );

const namesOf = (endpoints: readonly ImageEndpoint[]): readonly RegionName[] =>
  endpoints.map(({ region }) => region as RegionName);

const sorted = <Name extends string>(names: readonly Name[]): readonly Name[] => [...new Set(names)].sort();

export const createTargets = (services: TargetsServices): Targets => {
  const { http, keystone, keystoneAt, interface: name } = services;
  const regions = targetRegionsOf(services.targetRegions, services.region);
  const configured = regions.own;
  const others = regions.others.map((other) => other.name as RegionName);

  const servedIn = (endpoints: readonly ImageEndpoint[]): readonly ImageEndpoint[] =>
    regions.isEvery ? endpoints : configured.flatMap((region) => endpointOf(endpoints, region) ?? []);

  const spelt = (served: readonly ImageEndpoint[], region: string): ImageEndpoint => {
    const found = formsOf(region).flatMap(
      (form) => served.find((endpoint) => endpoint.region === form) ?? [],
    );
    if (found[0]) return found[0];
    throw notServed(region, sorted([...namesOf(served), ...others]));
  };

  const find = (catalog: Catalog, region: string | undefined): ImageEndpoint => {
    const endpoints = imageEndpoints(catalog, name);
    if (region !== undefined) return spelt(servedIn(endpoints), region);
    const found = endpointOf(endpoints, services.region);
    if (found) return found;
    throw notInCatalog(catalog, { region: services.region, interface: name });
  };

  const opened = ({ region, url }: ImageEndpoint, identity: Identity, { token, root }: Asking): Caller => {
    requireTheirs({ region, interface: name, endpoint: url }, root);
    const target = createGlance(url, callersToken(token), http);
    return { identity, region: region as RegionName, target };
  };

  const ofOther = async (other: OtherRegion, region: string, asking: Asking): Promise<Caller> => {
    const otherKeystone = keystoneAt(other.authUrl);
    const identity = await otherKeystone.validate(asking.token, asking);
    const found = endpointOf(imageEndpoints(identity.catalog, 'public'), other.name);
    return { ...opened(spelt(found ? [found] : [], region), identity, asking), otherKeystone };
  };

  return {
    caller: async (asking) => {
      const { token, region } = asking;
      const other = region === undefined ? undefined : otherRegion(regions, region);
      if (other && region !== undefined) return await ofOther(other, region, asking);
      const identity = await keystone.validate(token, asking);
      return opened(find(identity.catalog, region), identity, asking);
    },
    list: async ({ token, signal }) => {
      const { catalog } = await keystone.validate(token, { signal });
      return sorted([...namesOf(servedIn(imageEndpoints(catalog, name))), ...others]);
    },
    requireNamed: (region) => {
      if (region === undefined || regions.isEvery || otherRegion(regions, region)) return;
      if (formsOf(region).some((form) => configured.some((one) => isSameRegion(one, form)))) return;
      throw notServed(region, [...configured, ...others]);
    },
  };
};
