import type { Token } from '../schemas/ids.ts';
import { withoutTrailingSlashes } from './catalog.ts';
import type { OpenStackHttp } from './http.ts';
import { type ApplicationCredential, createServiceUser } from './service-user.ts';
import { createTokenCheck, type Identity } from './validate-token.ts';

export interface Keystone {
  /**
   * Validates a token with itself.
   * @throws FerryError `unauthorized` when Keystone does not know it (any more) or it has no project; `forbidden` when
   *   it is bound to access rules; `unavailable`, `misconfigured`
   */
  validate(token: Token, options: { readonly signal: AbortSignal }): Promise<Identity>;
  /** The service user's token for X-Service-Token; undefined when none is configured. */
  serviceToken(options: { readonly signal: AbortSignal }): Promise<Token | undefined>;
  /** A service takes this service token no more: the next call of `serviceToken` gets another one. */
  dropServiceToken(token: string): void;
}

/** `http://k:5000`, `…/v3`, `…/identity/v3/` and, of old, `…/v2.0` are all in use as OS_AUTH_URL. */
export const keystoneRoot = (authUrl: string): string =>
  withoutTrailingSlashes(withoutTrailingSlashes(authUrl).replace(/\/v(3|2\.0)$/, ''));

/** Where tokens are issued and validated. @param authUrl openrc's OS_AUTH_URL, with or without a version */
export const tokensUrl = (authUrl: string): string => `${keystoneRoot(authUrl)}/v3/auth/tokens`;

/** @param authUrl openrc's OS_AUTH_URL, with or without a version */
export const createKeystone = (options: {
  readonly authUrl: string;
  readonly http: OpenStackHttp;
  readonly serviceUser?: (() => Promise<ApplicationCredential>) | undefined;
}): Keystone => {
  const { http, serviceUser } = options;
  const url = tokensUrl(options.authUrl);
  const service = serviceUser && createServiceUser({ url, http, credential: serviceUser });
  return {
    validate: createTokenCheck({ url, http }),
    serviceToken: async (call) => await service?.token(call),
    dropServiceToken: (token) => service?.drop(token),
  };
};
