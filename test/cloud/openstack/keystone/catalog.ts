import { idOf } from './fixture.ts';

export type Interface = 'public' | 'internal' | 'admin';

export interface Endpoint {
  readonly service: 'image' | 'identity' | 'image-import';
  readonly region: string;
  readonly interface: Interface;
  readonly url: string;
}

export interface CatalogService {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly endpoints: readonly {
    id: string;
    interface: string;
    region: string;
    region_id: string;
    url: string;
  }[];
}

/** What Keystone lists, which may change between two tokens. */
export interface Catalog {
  add(endpoints: readonly Endpoint[]): void;
  /** Other URLs for the image service of a region; null takes an interface out, one that is not named stays. */
  setImageEndpoints(region: string, urls: Readonly<Partial<Record<Interface, string | null>>>): void;
  /** As a token shows it: all regions and interfaces of every service that has an endpoint. */
  services(): CatalogService[];
}

const interfaces = ['public', 'internal', 'admin'] as const;
const serviceNames = { image: 'glance', identity: 'keystone', 'image-import': 'glance-ferry' } as const;

export function catalog(): Catalog {
  let endpoints: readonly Endpoint[] = [];
  return {
    add: (more) => {
      endpoints = [...endpoints, ...more];
    },
    setImageEndpoints(region, urls) {
      const stays = (one: Endpoint): boolean =>
        one.service !== 'image' || one.region !== region || urls[one.interface] === undefined;
      const changed = interfaces.flatMap((one): Endpoint[] => {
        const url = urls[one];
        return url ? [{ service: 'image', region, interface: one, url }] : [];
      });
      endpoints = [...endpoints.filter(stays), ...changed];
    },
    services: () => servicesOf(endpoints),
  };
}

function servicesOf(endpoints: readonly Endpoint[]): CatalogService[] {
  const types = [...new Set(endpoints.map((endpoint) => endpoint.service))];
  return types.map((type) => ({
    endpoints: endpoints.filter((endpoint) => endpoint.service === type).map(wireEndpoint),
    id: idOf('service', type),
    type,
    name: serviceNames[type],
  }));
}

function wireEndpoint(endpoint: Endpoint): CatalogService['endpoints'][number] {
  const { service, region, url } = endpoint;
  return {
    id: idOf('endpoint', [service, region, endpoint.interface].join()),
    interface: endpoint.interface,
    region_id: region,
    url,
    region,
  };
}

/** One endpoint on each of the three interfaces. */
export function onAllInterfaces(service: Endpoint['service'], region: string, url: string): Endpoint[] {
  return interfaces.map((one) => ({ service, region, interface: one, url }));
}
