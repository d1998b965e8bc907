import { FerryError, hasCode } from '../errors.ts';
import type { Token } from '../schemas/ids.ts';
import type { OpenStackHttp } from './http.ts';
import { issueToken } from './issue-token.ts';
import { createRenewed } from './renewed.ts';

export interface ApplicationCredential {
  readonly id: string;
  readonly secret: string;
}

/** The service user's token, kept while it is good. */
export interface ServiceUser {
  token(options: { readonly signal: AbortSignal }): Promise<Token>;
  /** Forgets this token, unless another one has taken its place already. */
  drop(token: string): void;
}

const operation = "get the service user's token from Keystone";

/**
 * A credential that Keystone refuses is the operator's to mend: no caller's token is blamed for it. Keystone's own words
 * may quote what it was sent, so they go no further, not even into a log.
 */
const refuse = (error: unknown): never => {
  if (!hasCode(error, 'unauthorized', 'forbidden', 'not-found', 'bad-request')) throw error;
  const reason = 'its application credential is refused';
  throw new FerryError('misconfigured', reason, { operation });
};

/** @param url Keystone's `…/v3/auth/tokens` */
export const createServiceUser = (options: {
  readonly url: string;
  readonly http: OpenStackHttp;
  /** Asked for at each renewal: it may have been changed since. */
  readonly credential: () => Promise<ApplicationCredential>;
}): ServiceUser => {
  const { url, http, credential } = options;
  const { current, drop } = createRenewed(async () => {
    const { id, secret } = await credential();
    const identity = { methods: ['application_credential'], application_credential: { id, secret } };
    return await issueToken({ url, http, auth: { identity }, operation }).catch(refuse);
  });
  return { token: async (call) => (await current(call)).token, drop };
};
