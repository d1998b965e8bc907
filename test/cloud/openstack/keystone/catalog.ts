import { idOf } from './fixture.ts';

export interface Endpoint {
  readonly service: 'image' | 'identity';
  readonly region: string;
  readonly interface: 'public' | 'internal' | 'admin';
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

const serviceNames = { image: 'glance', identity: 'keystone' } as const;

/** The v3 catalog: all regions and interfaces of every service that has an endpoint. */
export function catalogOf(endpoints: readonly Endpoint[]): CatalogService[] {
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
  return (['public', 'internal', 'admin'] as const).map((one) => ({ service, region, interface: one, url }));
}
