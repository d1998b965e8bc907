import type { Token } from '../schemas/ids.ts';

/** What Keystone has given, and until when it is good. */
export interface Issued {
  readonly token: Token;
  /** ms since 1970. */
  readonly expiresAtMs: number;
}

/** A token of our own, kept while it is good. */
export interface Renewed<T extends Issued> {
  /** @throws what the issuing throws; the signal's reason */
  current(options: { readonly signal: AbortSignal }): Promise<T>;
  /** A service takes this token no more: it is forgotten, unless another one has taken its place already. */
  drop(token: string): void;
}

/** Before its end that a token is replaced, ms. */
const longestLead = 5 * 60_000;

/** Of a token that does not live for long it is a half of its time: it would be replaced at each call. */
const leadOf = ({ expiresAtMs }: Issued): number => Math.min(longestLead, (expiresAtMs - Date.now()) / 2);

/** @param issue gets a new token; it is everybody's who asks meanwhile, so no caller's signal ends it */
export const createRenewed = <T extends Issued>(issue: () => Promise<T>): Renewed<T> => {
  let current: { readonly issued: T; readonly goodUntil: number } | undefined;
  let renewal: Promise<T> | undefined;

  const renew = async (): Promise<T> => {
    const issued = await issue();
    current = { issued, goodUntil: issued.expiresAtMs - leadOf(issued) };
    return issued;
  };

  /** Steps that need a new token at the same time wait for one request. */
  const renewOnce = (): Promise<T> => {
    renewal ??= renew().finally(() => {
      renewal = undefined;
    });
    return renewal;
  };

  return {
    current: async ({ signal }) => {
      signal.throwIfAborted();
      return current && Date.now() < current.goodUntil ? current.issued : await renewOnce();
    },
    drop: (token) => {
      if (current?.issued.token === token) current = undefined;
    },
  };
};
