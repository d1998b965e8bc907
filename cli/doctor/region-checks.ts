import type { CloudRegion } from '../../lib/clouds/cloud.ts';
import type { OpenStackHttp } from '../../lib/openstack/http.ts';
import { parseJson } from '../../lib/openstack/http.ts';
import { type Check, check, type Finding, fine, note, wrong } from './check.ts';
import { quotaCheck } from './quota-check.ts';
import { callAt } from './region-calls.ts';

interface Options {
  readonly signal: AbortSignal;
}

/** s that clocks may differ: a token's end and a signature are judged by them. */
const mostSkewS = 30;

const skew = (date: unknown): Finding => {
  const seconds = Math.round((Date.now() - Date.parse(String(date))) / 1000);
  if (Number.isNaN(seconds)) return note('its answers carry no Date: the clocks cannot be compared');
  return Math.abs(seconds) <= mostSkewS
    ? fine('as here')
    : wrong(
        `${Math.abs(seconds)} s ${seconds > 0 ? 'behind' : 'before'} the clock here: run NTP on both sides`,
      );
};

const versions = (text: string): Finding => {
  const { versions: all } = (parseJson(text) ?? {}) as { readonly versions?: unknown };
  const listed: readonly { readonly id?: unknown; readonly status?: unknown }[] = Array.isArray(all)
    ? all
    : [];
  const current = listed.find(({ status }) => status === 'CURRENT')?.id;
  return typeof current === 'string' && current.startsWith('v2')
    ? fine(current)
    : wrong('no version 2 is CURRENT there: the endpoint of the catalog leads to no Glance');
};

/** What a region's image service has to be, without changing anything. */
export const regionChecks = async (
  at: CloudRegion,
  http: OpenStackHttp,
  { signal }: Options,
): Promise<readonly Check[]> => {
  const { region, endpoint, identity } = at;
  const roles = identity.roles.join(', ') || 'no roles';
  let date: unknown;
  const version = await check(region, 'version', 'is that the URL of a Glance?', async () =>
    versions((await callAt(at, http, { method: 'GET', path: '/versions', signal })).text),
  );
  const list = await check(
    region,
    'list',
    'the right to list images is needed (policy get_images)',
    async () => {
      const answer = await callAt(at, http, { method: 'GET', path: '/v2/images?limit=1', signal });
      date = answer.headers['date'];
      return fine('images can be listed');
    },
  );
  return [
    { region, what: 'authentication', ...fine(`project ${identity.projectId} with ${roles}`) },
    { region, what: 'endpoint', ...fine(endpoint) },
    version,
    list,
    await quotaCheck(at, http, { signal }),
    ...(list.state === 'fine' ? [{ region, what: 'clock', ...skew(date) }] : []),
  ];
};
