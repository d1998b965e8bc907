import type { Token } from '../schemas/ids.ts';
import type { KeystoneToken } from '../schemas/openstack.ts';
import { isKeystoneToken } from '../schemas/validators.js';
import { usualRetries } from './calls/whole-answer.ts';
import { type Call, callWhole, guarded, type OpenStackHttp, parseJson, type WholeAnswer } from './http.ts';
import type { Issued } from './renewed.ts';

export interface IssuedToken extends Issued {
  /** As Keystone describes it, the catalog included. */
  readonly described: KeystoneToken['token'];
}

/** ms; less than a step's reserve. */
const issueWithin = 20_000;

/** @throws Error for an answer without a token */
const tokenIn = ({ headers, text }: WholeAnswer): IssuedToken => {
  const body = parseJson(text);
  const token = headers['x-subject-token'];
  if (typeof token !== 'string' || !isKeystoneToken(body))
    throw new Error('the answer is not of the expected form');
  const described = body.token;
  return { token: token as Token, expiresAtMs: Date.parse(described.expires_at), described };
};

/**
 * A new token. The refusals are Keystone's own, and may quote what was sent: who calls keeps their codes alone.
 * @param options.url Keystone's `…/v3/auth/tokens`
 * @param options.auth the request's body below `auth` (https://docs.openstack.org/api-ref/identity/v3/#authentication-and-token-management)
 * @throws FerryError by Keystone's status; `unavailable` without an answer
 */
export const issueToken = async (options: {
  readonly url: string;
  readonly http: Pick<OpenStackHttp, 'small'>;
  readonly auth: unknown;
  readonly operation: string;
}): Promise<IssuedToken> => {
  const { url, http, auth, operation } = options;
  const call: Call = {
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ auth }),
    signal: AbortSignal.timeout(issueWithin),
    operation,
    // A second token does no harm.
    retries: usualRetries,
  };
  return await guarded(call, async () => tokenIn(await callWhole(http.small, call)));
};
