import { afterAll, beforeAll } from 'vitest';
import { callersToken } from '../../../lib/openstack/credentials.ts';
import { createGlance, type Glance } from '../../../lib/openstack/glance/glance.ts';
import { createOpenStackHttp } from '../../../lib/openstack/http.ts';
import type { Token } from '../../../lib/schemas/ids.ts';
import type { GlanceOptions, Glance as Region } from '../../cloud/openstack/glance/glance.ts';
import { useOpenStack } from '../../cloud/openstack/use-openstack.ts';

/** REGION2 of an emulated cloud of its own, as `demo` sees it. */
export function useGlance(options: Partial<GlanceOptions>): () => {
  readonly glance: Glance;
  readonly region: Region;
} {
  const use = useOpenStack({ glance: { REGION2: options } });
  const http = createOpenStackHttp({ stallMs: 1000 });
  let glance: Glance;
  beforeAll(() => {
    const token = use().cloud.issueToken('demo') as Token;
    glance = createGlance(use().cloud.regions.REGION2.url, callersToken(token), http);
  });
  afterAll(() => http.small.close());
  return () => ({ glance, region: use().cloud.regions.REGION2 });
}
