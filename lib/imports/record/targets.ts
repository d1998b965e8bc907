import { echo } from '../../echo.ts';
import { FerryError } from '../../errors.ts';
import {
  type Catalog,
  endpointNotFound,
  endpointOf,
  type ImageEndpoint,
  imageEndpoints,
} from '../../openstack/catalog.ts';
import { callersToken } from '../../openstack/credentials.ts';
import { createGlance, type Glance } from '../../openstack/glance.ts';
import type { OpenStackHttp } from '../../openstack/http.ts';
import type { Keystone } from '../../openstack/keystone.ts';
import type { Identity } from '../../openstack/validate-token.ts';
import type { RegionName, Token } from '../../schemas/ids.ts';
import { requireTheirs } from './own-url.ts';

export interface TargetsServices {
  readonly http: OpenStackHttp;
  readonly keystone: Keystone;
  /** The region of requests that name none. */
  readonly region: string;
  /** Further ones, as the operator writes them; `*` for each of the caller's catalog. */
  readonly targetRegions: readonly string[];
  /** Of the regions' Glance. */
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
}

/** The regions that this deployment serves. */
export interface Targets {
  /**
   * Validates a token and finds the region's Glance in its catalog.
   * @throws FerryError `unauthorized`; `not-found` for a region that is not served, with those that are; `bad-request`
   *   when the catalog has no Glance for requests that name no region; `misconfigured` when it is this deployment
   */
  caller(asking: Asking): Promise<Caller>;
  /** The names of those that this caller's catalog has, sorted. @throws FerryError `unauthorized` */
  list(asking: Asking): Promise<readonly RegionName[]>;
  /** For whom nobody knows yet. @throws FerryError `not-found` for a region that no caller's catalog could make served */
  requireNamed(region: string | undefined): void;
}

/** API Gateway gives a path's parts decoded, others as they came: a name is looked for in both forms. */
const formsOf = (region: string): readonly string[] => {
  try {
    return [region, decodeURIComponent(region)];
  } catch {
    return [region];
  }
};

const notServed = (region: string, served: readonly string[]): FerryError =>
  new FerryError(
    'not-found',
    `Region ${echo(region)} is not served here; regions served: ${[...served].sort().join(', ') || 'none'}`,
  );

const every = '*';

export const createTargets = (services: TargetsServices): Targets => {
  const { http, keystone, interface: name } = services;
  const configured = [services.region, ...services.targetRegions.filter((region) => region !== every)];
  const servesEvery = services.targetRegions.includes(every);

  const servedIn = (endpoints: readonly ImageEndpoint[]): readonly ImageEndpoint[] =>
    servesEvery ? endpoints : configured.flatMap((region) => endpointOf(endpoints, region) ?? []);

  const find = (catalog: Catalog, region: string | undefined): ImageEndpoint => {
    const endpoints = imageEndpoints(catalog, name);
    if (region === undefined) {
      const found = endpointOf(endpoints, services.region);
      if (found) return found;
      throw new FerryError('bad-request', endpointNotFound({ region: services.region, interface: name }));
    }
    const served = servedIn(endpoints);
    const forms = formsOf(region);
    const found = forms.flatMap((form) => served.find((endpoint) => endpoint.region === form) ?? []);
    if (found[0]) return found[0];
    throw notServed(region, namesOf(served));
  };

  return {
    caller: async ({ token, region, root, signal }) => {
      const identity = await keystone.validate(token, { signal });
      const found = find(identity.catalog, region);
      requireTheirs({ region: found.region, interface: name, endpoint: found.url }, root);
      const target = createGlance(found.url, callersToken(token), http);
      return { identity, region: found.region as RegionName, target };
    },
    list: async ({ token, signal }) => {
      const { catalog } = await keystone.validate(token, { signal });
      return namesOf(servedIn(imageEndpoints(catalog, name)));
    },
    requireNamed: (region) => {
      if (region === undefined || servesEvery) return;
      const spelt = configured.map((one) => one.toLowerCase());
      if (formsOf(region).some((form) => spelt.includes(form.toLowerCase()))) return;
      throw notServed(region, configured);
    },
  };
};

const namesOf = (endpoints: readonly ImageEndpoint[]): readonly RegionName[] =>
  [...new Set(endpoints.map(({ region }) => region as RegionName))].sort();
