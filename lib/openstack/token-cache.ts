import { createHash } from 'node:crypto';
import type { Identity, Keystone } from './keystone.ts';

/** Tokens remembered at most; the oldest goes first. */
const capacity = 1000;

/** Tokens are secrets: not even the memory of a function keeps them as keys. */
const keyOf = (token: string): string => createHash('sha256').update(token).digest('base64');

/**
 * A Keystone that remembers for a short time whom it has validated, as keystonemiddleware does (300 s there). Glance
 * looks at the token of each request anyhow, so a token that was revoked meanwhile gets no further than to Glance.
 * @param ttlMs how long a validation counts, never beyond the token's own end; 0 turns the cache off
 */
export const cacheValidations = (keystone: Keystone, { ttlMs }: { readonly ttlMs: number }): Keystone => {
  const known = new Map<string, { readonly identity: Identity; readonly until: number }>();

  const remember = (key: string, identity: Identity): void => {
    const [oldest] = known.keys();
    if (known.size >= capacity && oldest !== undefined) known.delete(oldest);
    known.set(key, { identity, until: Math.min(Date.now() + ttlMs, identity.expiresAtMs) });
  };

  return {
    ...keystone,
    validate: async (token, options) => {
      const key = keyOf(token);
      const found = known.get(key);
      if (found && found.until > Date.now()) return found.identity;
      known.delete(key);
      const identity = await keystone.validate(token, options);
      remember(key, identity);
      return identity;
    },
  };
};
