import { createHash } from 'node:crypto';
import { asFerryError, type FerryError, hasCode } from '../errors.ts';
import type { Keystone } from './keystone.ts';
import type { Identity } from './validate-token.ts';

/** Tokens remembered at most, good ones and bad ones each; the oldest goes first. */
const capacity = 1000;
/** ms; short, so that a token that Keystone comes to know a moment later is good a moment later. */
const refusedTtlMs = 10_000;

/** Tokens are secrets: not even the memory of a function keeps them as keys. */
const keyOf = (token: string): string => createHash('sha256').update(token).digest('base64');

/** What is known for a time, of the latest so many. */
const createMemory = <T>() => {
  const entries = new Map<string, { readonly value: T; readonly until: number }>();
  return {
    get: (key: string): T | undefined => {
      const found = entries.get(key);
      if (found && found.until > Date.now()) return found.value;
      entries.delete(key);
      return undefined;
    },
    set: (key: string, value: T, until: number): void => {
      const [oldest] = entries.keys();
      if (entries.size >= capacity && oldest !== undefined) entries.delete(oldest);
      entries.set(key, { value, until });
    },
  };
};

/**
 * A Keystone that remembers for a short time whom it has validated, as keystonemiddleware does (300 s there), and for a
 * shorter one whom it has refused. Glance looks at the token of each request anyhow, so a token that was revoked meanwhile
 * gets no further than to Glance.
 * @param ttlMs how long a validation counts, never beyond the token's own end; 0 turns the cache off
 */
export const cacheValidations = (keystone: Keystone, { ttlMs }: { readonly ttlMs: number }): Keystone => {
  const known = createMemory<Identity>();
  const refused = createMemory<FerryError>();

  return {
    ...keystone,
    validate: async (token, options) => {
      const key = keyOf(token);
      const refusal = refused.get(key);
      if (refusal) throw refusal;
      const found = known.get(key);
      if (found) return found;
      try {
        const identity = await keystone.validate(token, options);
        known.set(key, identity, Math.min(Date.now() + ttlMs, identity.expiresAtMs));
        return identity;
      } catch (error) {
        // An outage says nothing about the token.
        if (hasCode(error, 'unauthorized', 'forbidden'))
          refused.set(key, asFerryError(error), Date.now() + Math.min(ttlMs, refusedTtlMs));
        throw error;
      }
    },
  };
};
