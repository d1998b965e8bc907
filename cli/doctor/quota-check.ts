import type { CloudRegion } from '../../lib/clouds/cloud.ts';
import { hasCode } from '../../lib/errors.ts';
import { type OpenStackHttp, parseJson } from '../../lib/openstack/http.ts';
import { type Check, check, type Finding, fine, note, wrong } from './check.ts';
import { callAt } from './region-calls.ts';

interface Quota {
  readonly limit: number;
  readonly usage: number;
}

const isQuota = (value: unknown): value is Quota =>
  typeof value === 'object' &&
  value !== null &&
  typeof Reflect.get(value, 'limit') === 'number' &&
  typeof Reflect.get(value, 'usage') === 'number';

/** By Keystone's names of limits; MiB, or a number of images. */
const quotasIn = (text: string): readonly (readonly [string, Quota])[] => {
  const { usage } = (parseJson(text) ?? {}) as { readonly usage?: unknown };
  const entries: readonly [string, unknown][] = Object.entries(usage ?? {});
  return entries.flatMap(([name, value]) => (isQuota(value) ? [[name, value] as const] : []));
};

const inWords = ([name, { limit, usage }]: readonly [string, Quota]): string =>
  `${name} ${usage} of ${limit < 0 ? 'any' : limit}`;

/** Of the limit; from there on somebody should ask for more. */
const nearly = 0.9;

/**
 * A negative limit is none. `image_stage_total` is asked of nobody who uploads: Glance counts there what its own imports
 * lay down (glance/quota/keystone.py).
 */
const isBeyond =
  (share: number) =>
  ([name, { limit, usage }]: readonly [string, Quota]): boolean =>
    name !== 'image_stage_total' && limit >= 0 && usage >= limit * share;

/** @param text of Glance's answer; empty where it has none */
export const quotaFinding = (text: string): Finding => {
  const quotas = quotasIn(text);
  if (quotas.length === 0) return note('this Glance tells none: what it allows is seen at an upload');
  const beyond = (share: number): string => quotas.filter(isBeyond(share)).map(inWords).join(', ');
  if (beyond(1)) return wrong(`used up: ${beyond(1)}: remove images, or ask for more`);
  if (beyond(nearly)) return note(`nearly used up: ${beyond(nearly)}: remove images, or ask for more`);
  return fine(quotas.map(inWords).join(', '));
};

/** What Glance's quotas leave (its API, "Quota usage", since 2.14): where one is used up, no import comes to its end. */
export const quotaCheck = (
  at: CloudRegion,
  http: OpenStackHttp,
  { signal }: { readonly signal: AbortSignal },
): Promise<Check> =>
  check(at.region, 'quota', '', async () => {
    try {
      return quotaFinding((await callAt(at, http, { method: 'GET', path: '/v2/info/usage', signal })).text);
    } catch (error) {
      if (!hasCode(error, 'not-found')) throw error;
      return quotaFinding('');
    }
  });
