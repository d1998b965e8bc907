import { echo } from '../echo.ts';
import { asFerryError, FerryError } from '../errors.ts';
import { endpointOf, type ImageEndpoint, imageEndpoints } from '../openstack/catalog.ts';
import { createGlance } from '../openstack/glance/glance.ts';
import { createImages } from '../openstack/glance/images.ts';
import type { OpenStackHttp } from '../openstack/http.ts';
import type { Identity } from '../openstack/validate-token.ts';
import type { RegionName } from '../schemas/ids.ts';
import type { Cloud, CloudEntries, CloudRegion, Clouds, ListedCloud, Session } from './cloud.ts';
import { madeFor } from './made-for.ts';
import { createSession } from './session.ts';
import { titleOf } from './trust-cloud.ts';

interface Options {
  readonly signal: AbortSignal;
}

export interface CloudsServices {
  readonly http: OpenStackHttp;
  /** Asked for each time: a deployment's secret may have been changed since. */
  readonly entries: () => Promise<CloudEntries>;
}

/** A cloud's regions, as one sees them who is signed in. */
interface Regions {
  readonly session: Session;
  readonly identity: Identity;
  readonly endpoints: readonly ImageEndpoint[];
}

/** Those that may have a region for which none is made, the likeliest first. */
const likely = (clouds: readonly Cloud[]): readonly Cloud[] => [
  ...clouds.filter(({ regionName }) => regionName === undefined),
  ...clouds.filter(({ regionName }) => regionName !== undefined),
];

/** Names of the regions that a cloud is for. */
const namesIn = ({ session, endpoints }: Regions): readonly RegionName[] => {
  const { regionName } = session.cloud;
  const own = regionName === undefined ? endpoints : [endpointOf(endpoints, regionName)];
  return own.flatMap((endpoint) => (endpoint ? [endpoint.region as RegionName] : []));
};

export const createClouds = ({ http, entries }: CloudsServices): Clouds => {
  const sessions = new Map<string, Session>();

  /** One for each cloud, as long as its entry says the same. */
  const sessionOf = (cloud: Cloud): Session => {
    const known = sessions.get(cloud.name);
    if (known && JSON.stringify(known.cloud) === JSON.stringify(cloud)) return known;
    const session = createSession(cloud, { http });
    sessions.set(cloud.name, session);
    return session;
  };

  const regionsOf = async (cloud: Cloud, options: Options): Promise<Regions> => {
    const session = sessionOf(cloud);
    const identity = await session.identity(options);
    return { session, identity, endpoints: imageEndpoints(identity.catalog, cloud.interface) };
  };

  const listed = async (cloud: Cloud, options: Options): Promise<ListedCloud> => {
    try {
      return { cloud, regions: namesIn(await regionsOf(cloud, options)) };
    } catch (error) {
      options.signal.throwIfAborted();
      return { cloud, regions: [], error: asFerryError(error) };
    }
  };

  const opened = ({ session, identity }: Regions, { region, url }: ImageEndpoint): CloudRegion => ({
    region: region as RegionName,
    session,
    identity,
    endpoint: url,
    glance: createGlance(url, session.credentials, http),
    images: createImages(url, session.credentials, http),
  });

  /** Which clouds there are for a region. @throws FerryError `misconfigured` when the one that is made for it is broken */
  const candidates = ({ clouds, broken }: CloudEntries, name: string): readonly Cloud[] => {
    const made = madeFor(clouds, name);
    if (made) return [made];
    const problem = madeFor(broken, name)?.problem;
    if (problem !== undefined) throw new FerryError('misconfigured', problem);
    return likely(clouds);
  };

  /**
   * The next cloud is asked only when this one has answered that it lacks the region: two clouds may each have a region of
   * this name, and which of them is meant must not depend on who can be reached just now.
   */
  const region: Clouds['region'] = async (name, options) => {
    const seen: Regions[] = [];
    for (const cloud of candidates(await entries(), name)) {
      const regions = await regionsOf(cloud, options);
      const endpoint = endpointOf(regions.endpoints, name);
      if (endpoint) return opened(regions, endpoint);
      seen.push(regions);
    }
    throw notThere(name, seen);
  };

  return {
    region,
    session: async (name) => {
      const { clouds, broken } = await entries();
      const cloud = clouds.find((one) => one.name === name);
      if (cloud) return sessionOf(cloud);
      const problem = broken.find((one) => one.name === name)?.problem;
      throw new FerryError('misconfigured', problem ?? `There is no ${titleOf({ name })} (any more)`);
    },
    regions: async (options) => {
      const { clouds } = await entries();
      return await Promise.all(clouds.map((cloud) => listed(cloud, options)));
    },
  };
};

const notThere = (name: string, seen: readonly Regions[]): FerryError => {
  const titles = seen.map(({ session }) => titleOf(session.cloud)).join(', ') || 'no cloud';
  const there = seen.flatMap(({ endpoints }) => endpoints.map(({ region }) => region));
  return new FerryError(
    'bad-request',
    `Region ${echo(name)} is not in the catalog of ${titles}; regions there: ${[...new Set(there)].sort().join(', ') || 'none'}`,
  );
};
