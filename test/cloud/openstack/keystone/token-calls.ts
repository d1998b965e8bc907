import type { IncomingMessage } from 'node:http';
import type { Json } from '../http/json.ts';
import { authenticate } from './authenticate.ts';
import type { Catalog, CatalogService } from './catalog.ts';
import { forbidden, notFound, unauthorized } from './errors.ts';
import type { Accounts } from './fixture.ts';
import { tokenView } from './token-view.ts';
import type { Token, TokenStore } from './tokens.ts';

export interface KeystoneAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: object;
}

export interface TokenCallsOptions {
  readonly tokens: TokenStore;
  readonly catalog: Catalog;
  readonly accounts: Accounts;
}

/** The calls on /v3/auth/tokens. */
export function tokenCalls({ tokens, catalog, accounts }: TokenCallsOptions) {
  const unknownSubject = (subject: string): string =>
    tokens.known(subject) ? 'Failed to validate token' : 'Could not recognize Fernet token';

  /** The X-Subject-Token, once the X-Auth-Token may ask for it: its own, or by an admin or a service. */
  function authorizedSubject(incoming: IncomingMessage, action: string): string {
    const caller = tokens.valid(header(incoming, 'x-auth-token'));
    if (!caller) throw unauthorized();
    const subject = header(incoming, 'x-subject-token') ?? '';
    const mayAskForOthers = caller.roles.some(({ name }) => name === 'admin' || name === 'service');
    const isAnothers = tokens.known(subject) && subject !== caller.id;
    if (subject === '' || (isAnothers && !mayAskForOthers)) throw forbidden(action);
    return subject;
  }

  return {
    issue: (body: Json): KeystoneAnswer =>
      answer(201, tokens.issue(authenticate(body, tokens, accounts)), catalog.services()),

    /** Keystone takes `?allow_expired` for true unless it says 0 or false. */
    validate(incoming: IncomingMessage, query: URLSearchParams): KeystoneAnswer {
      const subject = authorizedSubject(incoming, 'validate_token');
      const allowExpired = !['', '0', 'false', null].includes(query.get('allow_expired'));
      const token = allowExpired ? tokens.evenExpired(subject) : tokens.valid(subject);
      if (!token || !knowsRules(incoming, token)) throw notFound(unknownSubject(subject));
      return answer(200, token, query.has('nocatalog') ? undefined : catalog.services());
    },

    revoke(incoming: IncomingMessage): KeystoneAnswer {
      const subject = authorizedSubject(incoming, 'revoke_token');
      if (!tokens.valid(subject)) throw notFound(unknownSubject(subject));
      tokens.revoke(subject);
      return { status: 204 };
    },
  };
}

/** Who does not say that it knows of access rules must not take a token that has some (Keystone's provider). */
const knowsRules = (incoming: IncomingMessage, { credential }: Token): boolean =>
  !credential?.accessRules || Number(header(incoming, 'openstack-identity-access-rules') ?? 0) >= 1;

const answer = (status: number, token: Token, services: CatalogService[] | undefined): KeystoneAnswer => ({
  status,
  headers: { 'X-Subject-Token': token.id },
  json: tokenView(token, services),
});

function header(incoming: IncomingMessage, name: string): string | undefined {
  const value = incoming.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
