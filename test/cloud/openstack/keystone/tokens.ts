import { randomBytes } from 'node:crypto';
import type { ApplicationCredential, Named, User } from './fixture.ts';

export interface Grant {
  readonly user: User;
  readonly methods: readonly string[];
  /** Absent in an unscoped token. */
  readonly project?: Named;
  /** Of a token that was got by one. */
  readonly credential?: ApplicationCredential;
}

export interface Token extends Grant {
  readonly id: string;
  readonly roles: readonly Named[];
  readonly auditIds: readonly string[];
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
}

export interface TokenStore {
  /** @param lifetimeS seconds; the store's own lifetime when absent */
  issue(grant: Grant, lifetimeS?: number): Token;
  /** The token if it is neither expired nor revoked. */
  valid(id: string | undefined): Token | undefined;
  /** The token even when it has expired, for 48 h: Keystone's `allow_expired`. */
  evenExpired(id: string | undefined): Token | undefined;
  /** Whether the token was ever issued here. */
  known(id: string): boolean;
  expire(id: string): void;
  revoke(id: string): void;
}

/** Keystone's [token] allow_expired_window. */
const allowExpiredWindowMs = 172_800_000;
const fernetBytes = 132;

/** Looks like a Fernet token (183 characters), means nothing. */
const newTokenId = (): string => `gAAAAAB${randomBytes(fernetBytes).toString('base64url')}`;

/** Tokens in memory. @param lifetimeS how long a token lives, in seconds */
export function tokenStore(lifetimeS: number): TokenStore {
  const tokens = new Map<string, Token>();
  const revoked = new Set<string>();
  const find = (id: string | undefined): Token | undefined =>
    id === undefined || revoked.has(id) ? undefined : tokens.get(id);

  return {
    issue(grant, ownLifetimeS = lifetimeS) {
      // Keystone issues in whole seconds.
      const issuedAtMs = Math.floor(Date.now() / 1000) * 1000;
      const token: Token = {
        ...grant,
        id: newTokenId(),
        roles: grant.project ? grant.user.roles : [],
        auditIds: [randomBytes(16).toString('base64url')],
        issuedAtMs,
        expiresAtMs: Date.now() + ownLifetimeS * 1000,
      };
      tokens.set(token.id, token);
      return token;
    },
    valid(id) {
      const token = find(id);
      return token && token.expiresAtMs > Date.now() ? token : undefined;
    },
    evenExpired(id) {
      const token = find(id);
      return token && token.expiresAtMs + allowExpiredWindowMs > Date.now() ? token : undefined;
    },
    known: (id) => tokens.has(id),
    expire(id) {
      const token = tokens.get(id);
      if (token) tokens.set(id, { ...token, expiresAtMs: Date.now() - 1000 });
    },
    revoke: (id) => void revoked.add(id),
  };
}
