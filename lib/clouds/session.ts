import { FerryError, hasCode } from '../errors.ts';
import { innermostReason } from '../innermost-reason.ts';
import { renewedToken } from '../openstack/credentials.ts';
import type { OpenStackHttp } from '../openstack/http.ts';
import { type IssuedToken, issueToken } from '../openstack/issue-token.ts';
import { tokensUrl } from '../openstack/keystone.ts';
import { createRenewed, type Issued } from '../openstack/renewed.ts';
import { createTokenCheck, type Identity, identityOf } from '../openstack/validate-token.ts';
import { authBody, isScoped } from './auth-body.ts';
import type { Cloud, Session } from './cloud.ts';
import { titleOf, trustCloud } from './trust-cloud.ts';

/** ms; less than a step's reserve. */
const validateWithin = 20_000;

interface Standing extends Issued {
  readonly identity: Identity;
}

const secretsOf = {
  'application-credential': 'its application credential',
  password: 'its user name or password',
  token: 'its token',
} as const;

/** Keystone's own words may quote what it was sent, above all those of a 400: they go no further, not even into a log. */
const refusal = (cloud: Cloud, operation: string, error: unknown): unknown => {
  const secret = secretsOf[cloud.auth.kind];
  const because = (code: 'unauthorized' | 'misconfigured', reason: string) =>
    new FerryError(code, `Failed to ${operation}: ${reason}`);
  // Keystone knows no credential of that id: 404, like an address that is none of its own.
  const isUnknown =
    hasCode(error, 'not-found') && /application credential/i.test((error as FerryError).message);
  if (isUnknown || hasCode(error, 'unauthorized', 'forbidden'))
    return because('unauthorized', `${secret} is refused`);
  if (hasCode(error, 'not-found')) return because('misconfigured', 'its auth_url leads to no Keystone v3');
  if (hasCode(error, 'bad-request'))
    return because('misconfigured', `Keystone cannot make sense of ${secret}`);
  return error;
};

/** Why a token could not be looked at: a stranger at our HTTP API is not told, who has brought the entry is. */
const inFull = (operation: string, error: unknown): unknown => {
  if (!(error instanceof FerryError) || error.cause === undefined) return error;
  if (error.cause instanceof FerryError) return error.cause;
  return new FerryError(error.code, `Failed to ${operation}: ${innermostReason(error)}`, { cause: error });
};

/** @throws FerryError `misconfigured` for a cacert that cannot be read */
export const createSession = (cloud: Cloud, { http }: { readonly http: OpenStackHttp }): Session => {
  trustCloud(cloud);
  const url = tokensUrl(cloud.authUrl);
  const operation = `authenticate with ${titleOf(cloud)} at ${url}`;
  const { auth } = cloud;

  const standing = ({ token, expiresAtMs, described }: IssuedToken): Standing => {
    const identity = identityOf(described);
    if (identity) return { token, expiresAtMs, identity };
    throw new FerryError('misconfigured', `Failed to ${operation}: no project is named`);
  };

  const validate = createTokenCheck({ url, http });
  /** A token for which no project is named is taken as it is. */
  const ask = async (): Promise<Standing> => {
    if (auth.kind !== 'token' || isScoped(auth.scope))
      return standing(await issueToken({ url, http, auth: authBody(auth), operation }));
    const signal = AbortSignal.timeout(validateWithin);
    const identity = await validate(auth.token, { signal }).catch((error: unknown) => {
      throw inFull(operation, error);
    });
    return { token: auth.token, expiresAtMs: identity.expiresAtMs, identity };
  };

  const issue = async (): Promise<Standing> => {
    try {
      return await ask();
    } catch (error) {
      throw refusal(cloud, operation, error);
    }
  };

  const renewed = createRenewed(issue);
  const token: Session['token'] = async (options) => (await renewed.current(options)).token;
  return {
    cloud,
    token,
    identity: async (options) => (await renewed.current(options)).identity,
    credentials: renewedToken({ token, drop: renewed.drop }),
  };
};
