import { at, isObject, type Json, stringAt } from '../http/json.ts';
import { badRequest, malformed, notFound, unauthorized, unsupportedMethod } from './errors.ts';
import { type Accounts, type ApplicationCredential, domain, type User } from './fixture.ts';
import type { Grant, TokenStore } from './tokens.ts';

/**
 * Reads the body of POST /v3/auth/tokens.
 * Methods: password, application_credential, token; scope: a project by id or by name and domain, or none.
 * @throws KeystoneError 400 for a malformed body, 401 for wrong credentials
 */
export function authenticate(body: Json, tokens: TokenStore, accounts: Accounts): Grant {
  const identity = at(body, 'auth', 'identity');
  if (!isObject(identity)) throw badRequest("'identity' is a required property");
  const methods = at(identity, 'methods');
  const method = Array.isArray(methods) ? methods[0] : undefined;
  if (typeof method !== 'string') throw unauthorized();
  if (!(method in identity)) throw malformed(`${method} in identity`);
  const scope = at(body, 'auth', 'scope', 'project');
  switch (method) {
    case 'password':
      return scoped(byPassword(at(identity, 'password', 'user'), accounts), ['password'], scope);
    case 'application_credential':
      return byApplicationCredential(at(identity, 'application_credential'), accounts);
    case 'token':
      return byToken(stringAt(identity, 'token', 'id'), tokens, scope);
    default:
      throw unsupportedMethod(['password', 'token', 'application_credential']);
  }
}

function byPassword(named: Json | undefined, { users }: Accounts): User {
  const user = findUser(named, users);
  if (!user || user.password !== stringAt(named, 'password')) throw unauthorized();
  return user;
}

function findUser(named: Json | undefined, users: readonly User[]): User | undefined {
  const id = stringAt(named, 'id');
  if (id !== undefined) return users.find((user) => user.id === id);
  if (!isDefaultDomain(at(named, 'domain'))) return undefined;
  return users.find((user) => user.name === stringAt(named, 'name'));
}

function isDefaultDomain(named: Json | undefined): boolean {
  return stringAt(named, 'id') === domain.id || stringAt(named, 'name') === domain.name;
}

function byApplicationCredential(given: Json | undefined, accounts: Accounts): Grant {
  const credential = findCredential(given, accounts);
  if (credential.secret !== stringAt(given, 'secret')) throw unauthorized();
  // An application credential carries its own project: a scope is not given with it.
  return {
    user: credential.user,
    methods: ['application_credential'],
    project: credential.user.project,
    credential,
  };
}

function findCredential(
  given: Json | undefined,
  { users, applicationCredentials }: Accounts,
): ApplicationCredential {
  const id = stringAt(given, 'id');
  const name = stringAt(given, 'name');
  const owner = findUser(at(given, 'user'), users);
  const found = applicationCredentials.find((one) =>
    id === undefined ? one.name === name && one.user === owner : one.id === id,
  );
  if (!found) throw notFound(`Could not find Application Credential: ${id ?? name}.`);
  return found;
}

function byToken(id: string | undefined, tokens: TokenStore, scope: Json | undefined): Grant {
  const token = tokens.valid(id);
  if (!token) throw unauthorized();
  return scoped(token.user, ['token', ...token.methods], scope);
}

function scoped(user: User, methods: readonly string[], scope: Json | undefined): Grant {
  if (scope === undefined) return { user, methods };
  const byId = stringAt(scope, 'id') === user.project.id;
  const byName = stringAt(scope, 'name') === user.project.name && isDefaultDomain(at(scope, 'domain'));
  if (!byId && !byName) throw unauthorized();
  return { user, methods, project: user.project };
}
