import type { CloudRegion } from '../../lib/clouds/cloud.ts';
import { authorized } from '../../lib/openstack/credentials.ts';
import { type Call, callWhole, type OpenStackHttp, type WholeAnswer } from '../../lib/openstack/http.ts';

/** A call to a region's image service that only the doctor makes. @param path below its endpoint */
export const callAt = (
  { session, endpoint }: Pick<CloudRegion, 'session' | 'endpoint'>,
  { small }: Pick<OpenStackHttp, 'small'>,
  call: Pick<Call, 'method' | 'signal'> & {
    readonly path: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  },
): Promise<WholeAnswer> => {
  const { path, headers: own = {}, ...rest } = call;
  const url = `${endpoint}${path}`;
  const operation = `${call.method} ${url}`;
  return authorized(session.credentials, call, (headers) =>
    callWhole(small, { ...rest, url, operation, headers: { ...headers, ...own } }),
  );
};
