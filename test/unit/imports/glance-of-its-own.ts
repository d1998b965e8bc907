import { afterAll, beforeAll } from 'vitest';
import { type Credentials, callersToken } from '../../../lib/openstack/credentials.ts';
import { createGlance, type Glance } from '../../../lib/openstack/glance/glance.ts';
import { createOpenStackHttp } from '../../../lib/openstack/http.ts';
import type { Token } from '../../../lib/schemas/ids.ts';
import type { GlanceOptions, Glance as Region } from '../../cloud/openstack/glance/glance.ts';
import { useOpenStack } from '../../cloud/openstack/use-openstack.ts';

/** REGION2 of an emulated cloud of its own, as `demo` sees it. */
export function useGlance(options: Partial<GlanceOptions>): () => {
  readonly glance: Glance;
  readonly region: Region;
  /** The caller's. */
  readonly token: Token;
  /** It as somebody else sees it. */
  glanceAs(credentials: Credentials): Glance;
} {
  const use = useOpenStack({ glance: { REGION2: options } });
  const http = createOpenStackHttp({ stallMs: 1000 });
  const glanceAs = (credentials: Credentials): Glance =>
    createGlance(use().cloud.regions.REGION2.url, credentials, http);
  let token: Token;
  let glance: Glance;
  beforeAll(() => {
    token = use().cloud.issueToken('demo') as Token;
    glance = glanceAs(callersToken(token));
  });
  afterAll(() => http.small.close());
  return () => ({ ...{ glance, glanceAs, token }, region: use().cloud.regions.REGION2 });
}
