import { FerryError, hasCode } from '../errors.ts';
import type { Token } from '../schemas/ids.ts';
import { isKeystoneToken } from '../schemas/validators.js';
import { type Call, callWhole, guarded, type OpenStackHttp, parseJson, type WholeAnswer } from './http.ts';
import { usualRetries } from './whole-answer.ts';

export interface ApplicationCredential {
  readonly id: string;
  readonly secret: string;
}

interface ServiceToken {
  readonly token: Token;
  /** ms since 1970. */
  readonly expiresAt: number;
}

/** The service user's token, kept while it is good. */
export interface ServiceUser {
  token(options: { readonly signal: AbortSignal }): Promise<Token>;
  /** Forgets this token, unless another one has taken its place already. */
  drop(token: string): void;
}

const renewBefore = 5 * 60_000; // ms before its expiry that a token is replaced
/** Of a renewal, ms: it is everybody's, so no caller's signal ends it. Less than a step's reserve. */
const issueWithin = 20_000;

const operation = "get the service user's token from Keystone";

/** A credential that Keystone refuses is the operator's to mend: no caller's token is blamed for it. */
const refuse = (error: unknown): never => {
  if (!hasCode(error, 'unauthorized', 'forbidden', 'not-found', 'bad-request')) throw error;
  const reason = 'its application credential is refused';
  throw new FerryError('misconfigured', reason, { operation, cause: error });
};

/** @throws Error for an answer without a token */
const tokenIn = ({ headers, text }: WholeAnswer): ServiceToken => {
  const body = parseJson(text);
  const token = headers['x-subject-token'];
  if (typeof token !== 'string' || !isKeystoneToken(body))
    throw new Error('the answer is not of the expected form');
  return { token: token as Token, expiresAt: Date.parse(body.token.expires_at) };
};

/** @param url Keystone's `…/v3/auth/tokens` */
export const createServiceUser = (options: {
  readonly url: string;
  readonly http: OpenStackHttp;
  /** Asked for at each renewal: it may have been changed since. */
  readonly credential: () => Promise<ApplicationCredential>;
}): ServiceUser => {
  const { url, http, credential } = options;
  let current: ServiceToken | undefined;
  let renewal: Promise<ServiceToken> | undefined;

  const issue = async (): Promise<ServiceToken> => {
    const { id, secret } = await credential();
    const identity = { methods: ['application_credential'], application_credential: { id, secret } };
    const call: Call = {
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ auth: { identity } }),
      signal: AbortSignal.timeout(issueWithin),
      operation,
      // A second token does no harm.
      retries: usualRetries,
    };
    return await guarded(call, async () => tokenIn(await callWhole(http.small, call))).catch(refuse);
  };

  /** Steps that need a new token at the same time wait for one request. */
  const renew = async (): Promise<ServiceToken> => {
    renewal ??= issue().finally(() => {
      renewal = undefined;
    });
    return await renewal;
  };

  return {
    token: async ({ signal }) => {
      signal.throwIfAborted();
      if (!current || current.expiresAt - Date.now() < renewBefore) current = await renew();
      return current.token;
    },
    drop: (token) => {
      if (current?.token === token) current = undefined;
    },
  };
};
