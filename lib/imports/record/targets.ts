import { FerryError } from '../../errors.ts';
import { endpointNotFound, imageEndpoint } from '../../openstack/catalog.ts';
import { callersToken } from '../../openstack/credentials.ts';
import { createGlance, type Glance } from '../../openstack/glance.ts';
import type { OpenStackHttp } from '../../openstack/http.ts';
import type { Keystone } from '../../openstack/keystone.ts';
import type { Identity } from '../../openstack/validate-token.ts';
import type { Token } from '../../schemas/ids.ts';

export interface TargetRegionServices {
  readonly http: OpenStackHttp;
  readonly keystone: Keystone;
  /** This deployment's region and the interface of its Glance. */
  readonly region: string;
  readonly interface: string;
}

/** Who calls, and their view of this deployment's Glance. */
export interface Caller {
  readonly identity: Identity;
  readonly target: Glance;
}

/**
 * Validates a token and finds the target Glance in its catalog.
 * @throws FerryError `unauthorized`; `bad-request` when the catalog has no Glance for this region
 */
export const createTargetRegion = ({ http, keystone, region, interface: name }: TargetRegionServices) => {
  const wanted = { region, interface: name };
  return async (token: Token, options: { readonly signal: AbortSignal }): Promise<Caller> => {
    const identity = await keystone.validate(token, options);
    const endpoint = imageEndpoint(identity.catalog, wanted);
    if (!endpoint) throw new FerryError('bad-request', endpointNotFound(wanted));
    return { identity, target: createGlance(endpoint, callersToken(token), http) };
  };
};

export type TargetRegion = ReturnType<typeof createTargetRegion>;
