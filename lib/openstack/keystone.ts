import { FerryError, hasCode } from '../errors.ts';
import type { Token } from '../schemas/ids.ts';
import { isKeystoneToken } from '../schemas/validators.js';
import type { Catalog } from './catalog.ts';
import { callJson, guarded, type OpenStackHttp, requireSuccess } from './http.ts';
import { request } from './undici.ts';

/** Who calls, as Keystone says. */
export interface Identity {
  readonly userId: string;
  readonly projectId: string;
  readonly roles: readonly string[];
  readonly catalog: Catalog;
  /** When the token ends, ms since 1970. */
  readonly expiresAtMs: number;
}

export interface Keystone {
  /**
   * Validates a token with itself.
   * @throws FerryError `unauthorized` when Keystone does not know it (any more) or it has no project
   */
  validate(token: Token, options: { readonly signal: AbortSignal }): Promise<Identity>;
  /** The service user's token for X-Service-Token; undefined when none is configured. */
  serviceToken(options: { readonly signal: AbortSignal }): Promise<Token | undefined>;
}

export interface ApplicationCredential {
  readonly id: string;
  readonly secret: string;
}

/** keystonemiddleware's own sentence. */
export const authenticationRequired = (): FerryError =>
  new FerryError('unauthorized', 'The request you have made requires authentication.');

const renewBefore = 5 * 60_000; // ms before its expiry that a service token is replaced

/** What a header can carry (RFC 9110 5.5); nothing else was ever a token. */
const isHeaderValue = (token: Token): boolean => /^[\x21-\x7e]+$/.test(token);

/** `http://k:5000`, `…/v3` and `…/identity/v3/` are all in use as OS_AUTH_URL. */
const tokensUrl = (authUrl: string): string =>
  `${authUrl.replace(/\/+$/, '').replace(/\/v3$/, '')}/v3/auth/tokens`;

/** @param authUrl openrc's OS_AUTH_URL, with or without `/v3` */
export const createKeystone = (options: {
  readonly authUrl: string;
  readonly http: OpenStackHttp;
  readonly serviceUser?: ApplicationCredential | undefined;
}): Keystone => {
  const url = tokensUrl(options.authUrl);
  let service: { readonly token: Token; readonly expiresAt: number } | undefined;

  const validate: Keystone['validate'] = async (token, { signal }) => {
    if (!isHeaderValue(token)) throw authenticationRequired();
    const headers = { 'x-auth-token': token, 'x-subject-token': token };
    const operation = `validate the token with Keystone at ${options.authUrl}`;
    const call = { method: 'GET', url, headers, signal, operation } as const;
    const answer = await callJson(options.http.small, call, isKeystoneToken).catch((error: unknown) => {
      // 401: expired; 404: unknown; 400 and 403: what Keystone makes of odd ones.
      throw hasCode(error, 'unauthorized', 'not-found', 'bad-request', 'forbidden')
        ? authenticationRequired()
        : error;
    });
    const { user, project, roles = [], catalog = [], expires_at } = answer.token;
    if (!project) throw authenticationRequired();
    return {
      userId: user.id,
      projectId: project.id,
      roles: roles.map(({ name }) => name),
      catalog,
      expiresAtMs: Date.parse(expires_at),
    };
  };

  const issue = async ({ id, secret }: ApplicationCredential, signal: AbortSignal) => {
    const call = { operation: `get the service user's token from Keystone at ${options.authUrl}`, signal };
    const identity = { methods: ['application_credential'], application_credential: { id, secret } };
    return await guarded(call, async () => {
      const answer = await request(url, {
        dispatcher: options.http.small,
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify({ auth: { identity } }),
        signal,
      });
      await requireSuccess(answer, call);
      const body: unknown = await answer.body.json();
      const token = answer.headers['x-subject-token'];
      if (typeof token !== 'string' || !isKeystoneToken(body))
        throw new Error('the answer is not of the expected form');
      return { token: token as Token, expiresAt: Date.parse(body.token.expires_at) };
    });
  };

  const serviceToken: Keystone['serviceToken'] = async ({ signal }) => {
    if (!options.serviceUser) return undefined;
    if (!service || service.expiresAt - Date.now() < renewBefore)
      service = await issue(options.serviceUser, signal);
    return service.token;
  };

  return { validate, serviceToken };
};
