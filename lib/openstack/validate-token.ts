import { FerryError } from '../errors.ts';
import type { Token } from '../schemas/ids.ts';
import type { KeystoneToken } from '../schemas/openstack.ts';
import { isKeystoneError, isKeystoneToken } from '../schemas/validators.js';
import { wholeAnswer } from './calls/whole-answer.ts';
import type { Catalog } from './catalog.ts';
import { guarded, type OpenStackHttp, parseJson } from './http.ts';

/** Who calls, as Keystone says. */
export interface Identity {
  readonly userId: string;
  readonly projectId: string;
  readonly roles: readonly string[];
  readonly catalog: Catalog;
  /** When the token ends, ms since 1970. */
  readonly expiresAtMs: number;
}

/** keystonemiddleware's own sentence. */
export const authenticationRequired = (): FerryError =>
  new FerryError('unauthorized', 'The request you have made requires authentication.');

/** What a header can carry (RFC 9110 5.5), and some times the length of a federated token; nothing else was ever one. */
const isHeaderValue = (token: Token): boolean => /^[\x21-\x7e]{1,4096}$/.test(token);

/** Anybody may make us ask: an answer that is no answer is not asked for again. A connection that has died is opened anew. */
const retries = { most: 1, statuses: [], errors: ['ECONNRESET', 'UND_ERR_SOCKET'], firstDelayMs: 0 };

interface Answer {
  readonly status: number;
  /** Undefined where the body is not JSON. */
  readonly json: unknown;
}

/**
 * Keystone's own word on the token: 401 for one that has expired, 404 for one that it does not know. Other 404s, and
 * pages of others, are about the URL, which is the operator's.
 */
const isRefusal = ({ status, json }: Answer): boolean => {
  if (!isKeystoneError(json) || json.error.code !== status) return false;
  return status === 401 || (status === 404 && /token/i.test(json.error.message));
};

/** The reason is for the log: strangers are told no address. */
const unavailable = (cause: unknown): FerryError =>
  new FerryError('unavailable', 'The identity service cannot validate tokens at the moment.', { cause });
const misconfigured = (reason: string): FerryError =>
  new FerryError(
    'misconfigured',
    'This service cannot validate tokens: its OS_AUTH_URL does not lead to a Keystone v3.',
    { cause: new Error(reason) },
  );

/** @throws FerryError for an answer that is not a token's description */
const tokenOf = (answer: Answer, url: string): KeystoneToken['token'] => {
  const { status, json } = answer;
  if (status === 200 && isKeystoneToken(json)) return json.token;
  if (isRefusal(answer)) throw authenticationRequired();
  const reason = `GET ${url} answered ${status}, ${isKeystoneError(json) ? json.error.message : 'not as Keystone does'}`;
  throw status >= 500 || status === 429 ? unavailable(new Error(reason)) : misconfigured(reason);
};

/** Keystone tells the rules to those alone who know of them, and to others that there is no such token. */
const accessRules = { 'openstack-identity-access-rules': '1.0' };

/**
 * keystonemiddleware lets a request pass that one of the rules allows (`validate_allowed_request`). Here a request sets
 * off further ones, at Glances that ask for rules of their own: they are refused before rather than in the middle.
 */
const refuseAccessRules = ({ application_credential }: KeystoneToken['token']): void => {
  if (!application_credential?.access_rules) return;
  const reason = 'Tokens of application credentials with access rules are not accepted here.';
  throw new FerryError('forbidden', reason);
};

/** @returns undefined for a token that is for no project */
export const identityOf = (token: KeystoneToken['token']): Identity | undefined => {
  const { user, project, roles = [], catalog = [], expires_at } = token;
  return (
    project && {
      userId: user.id,
      projectId: project.id,
      roles: roles.map(({ name }) => name),
      catalog,
      expiresAtMs: Date.parse(expires_at),
    }
  );
};

/** @param url Keystone's `…/v3/auth/tokens` */
export const createTokenCheck = ({ url, http }: { readonly url: string; readonly http: OpenStackHttp }) => {
  const ask = async (token: Token, signal: AbortSignal): Promise<Answer> => {
    const subject = { 'x-auth-token': token, 'x-subject-token': token };
    const headers = { accept: 'application/json', ...subject, ...accessRules };
    const call = { method: 'GET', url, headers, retries, signal, operation: `get ${url}` } as const;
    return await guarded(call, async () => {
      const { statusCode, text } = await wholeAnswer(http.small, call);
      return { status: statusCode, json: parseJson(text) };
    });
  };

  return async (token: Token, { signal }: { readonly signal: AbortSignal }): Promise<Identity> => {
    if (!isHeaderValue(token)) throw authenticationRequired();
    const answer = await ask(token, signal).catch((error: unknown) => {
      throw signal.aborted ? error : unavailable(error);
    });
    const described = tokenOf(answer, url);
    refuseAccessRules(described);
    const identity = identityOf(described);
    if (!identity) throw authenticationRequired();
    return identity;
  };
};
