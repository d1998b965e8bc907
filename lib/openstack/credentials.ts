import { hasCode } from '../errors.ts';
import type { Token } from '../schemas/ids.ts';
import type { Headers } from './http.ts';
import type { Keystone } from './keystone.ts';

interface Options {
  readonly signal: AbortSignal;
}

/** With what Glance is asked. Headers are made for each request: between two of them a token may have to be replaced. */
export interface Credentials {
  headers(options: Options): Promise<Headers>;
  /** Glance answered 401 to these headers. @returns whether the next ones will be others */
  replace(headers: Headers): boolean;
}

/** Tells Glance's log who asks, and ourselves that it is us: see api/http-handler.ts. */
export const userAgent = 'glance-ferry';

/** Without `accept`, the reason of a refusal comes as HTML. */
const headersOf = (token: Token): Headers => ({
  'user-agent': userAgent,
  accept: 'application/json, */*;q=0.1',
  'x-auth-token': token,
});

/** The caller's own token, and no other rights. */
export const callersToken = (token: Token): Credentials => ({
  headers: () => Promise.resolve(headersOf(token)),
  replace: () => false,
});

/** A token of our own: one that Glance refuses is replaced. */
export const renewedToken = (renewed: {
  token(options: Options): Promise<Token>;
  drop(token: string): void;
}): Credentials => ({
  headers: async (options) => headersOf(await renewed.token(options)),
  replace: ({ 'x-auth-token': refused = '' }) => {
    renewed.drop(refused);
    return true;
  },
});

/** Beside it the service user's, which lets Glance accept the caller's after its expiry (keystonemiddleware). */
export const withServiceToken = (
  token: Token,
  keystone: Pick<Keystone, 'serviceToken' | 'dropServiceToken'>,
): Credentials => ({
  headers: async (options) => {
    const serviceToken = await keystone.serviceToken(options);
    return { ...headersOf(token), ...(serviceToken && { 'x-service-token': serviceToken }) };
  },
  replace: ({ 'x-service-token': refused }) => {
    if (refused !== undefined) keystone.dropServiceToken(refused);
    return refused !== undefined;
  },
});

/**
 * Sends a request, and once more with a new service token when Glance answers 401: that one may have been revoked, or
 * have ended earlier than we think.
 */
export const authorized = async <T>(
  credentials: Credentials,
  options: Options,
  send: (headers: Headers) => Promise<T>,
): Promise<T> => {
  const headers = await credentials.headers(options);
  try {
    return await send(headers);
  } catch (error) {
    if (!hasCode(error, 'unauthorized') || !credentials.replace(headers)) throw error;
    return await send(await credentials.headers(options));
  }
};
