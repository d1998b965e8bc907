import type { IncomingMessage } from 'node:http';
import type { Keystone } from '../keystone/keystone.ts';
import type { Token, TokenStore } from '../keystone/tokens.ts';
import type { AccessRules, Caller } from './access.ts';
import { GlanceError } from './errors.ts';
import { header } from './request.ts';

/**
 * What keystonemiddleware does before Glance sees the request. An expired token is good for 48 h more when
 * the X-Service-Token beside it is valid and has the role `service`.
 * @throws GlanceError 401
 */
export function callerOf(
  incoming: IncomingMessage,
  { tokens, url }: Pick<Keystone, 'tokens' | 'url'>,
  { policy, downloadRole }: AccessRules,
): Caller {
  const id = header(incoming, 'x-auth-token');
  const token = isFromService(incoming, tokens) ? tokens.evenExpired(id) : tokens.valid(id);
  if (!token) throw unauthorized(url);
  const may = (role: string): boolean => policy === 'default' || hasRole(token, role);
  const isAdmin = hasRole(token, 'admin');
  const mayWrite = may('member');
  return {
    userName: token.user.name,
    userId: token.user.id,
    project: token.project,
    isAdmin,
    policy,
    mayRead: may('reader'),
    mayWrite,
    mayDownload: downloadRole === undefined ? isAdmin || mayWrite : hasRole(token, downloadRole),
  };
}

/** The user behind a valid X-Service-Token. */
export function serviceUserOf(incoming: IncomingMessage, tokens: TokenStore): string | undefined {
  return tokens.valid(header(incoming, 'x-service-token'))?.user.name;
}

function isFromService(incoming: IncomingMessage, tokens: TokenStore): boolean {
  const token = tokens.valid(header(incoming, 'x-service-token'));
  return token !== undefined && hasRole(token, 'service');
}

const hasRole = (token: Token, role: string): boolean => token.roles.some(({ name }) => name === role);

function unauthorized(keystoneUrl: string): GlanceError {
  return new GlanceError(
    401,
    'This server could not verify that you are authorized to access the document you requested. Either you supplied the wrong credentials (e.g., bad password), or your browser does not understand how to supply the credentials required.',
    '',
    { 'Www-Authenticate': `Keystone uri="${keystoneUrl}"` },
  );
}
