import { regionUrl } from '../../lib/api/address.ts';
import type { CloudRegion } from '../../lib/clouds/cloud.ts';
import { parseJson } from '../../lib/openstack/http.ts';
import type { Here } from '../call/here.ts';
import { commandHeaders, createFerryRegion } from '../deployment/ferry-client.ts';
import { requireOurTokens } from '../deployment/whose-tokens.ts';
import { type Check, check, fine, note, wrong } from './check.ts';
import { callAt } from './region-calls.ts';

interface Options {
  readonly signal: AbortSignal;
}

/** Which import methods the deployment answers for a region: its own setting, and the region's Glance. */
const methods = (text: string) => {
  const info = (parseJson(text) ?? {}) as { readonly 'import-methods'?: { readonly value?: unknown } };
  const value = info['import-methods']?.value;
  const listed = Array.isArray(value) ? value.map(String) : [];
  if (!listed.includes('glance-download'))
    return wrong('glance-download is switched off (OS_DEFAULT__ENABLED_IMPORT_METHODS of the deployment)');
  return listed.includes('web-download')
    ? fine(listed.join(', '))
    : note('glance-download; web-download is switched off, here or at the Glance of the region');
};

/** Whether the deployment serves a region to who calls. @param url of the deployment */
export const deploymentChecks = async (
  url: string,
  at: CloudRegion,
  here: Pick<Here, 'keystones' | 'http'>,
  { signal }: Options,
): Promise<readonly Check[]> => {
  const { region } = at;
  const { http } = here;
  const advice = `is ${url} the deployment, and does its OS_TARGET_REGIONS name the region?`;
  const served = await check(region, 'deployment', advice, async () => {
    await requireOurTokens(url, at, here, { signal });
    await createFerryRegion(url, at, http).requireServed({ signal });
    return fine(`${url} serves it`);
  });
  if (served.state !== 'fine') return [served];
  const there = { session: at.session, endpoint: regionUrl(url, region) };
  const asked = await check(region, 'import', 'see the log of the deployment', async () => {
    const headers = commandHeaders;
    return methods(
      (await callAt(there, http, { method: 'GET', path: '/v2/info/import', headers, signal })).text,
    );
  });
  return [served, asked];
};
