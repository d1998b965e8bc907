/** One page of a listing in order. */
export interface Page<T> {
  readonly entries: readonly T[];
  /** The last entry, where more follow. */
  readonly last: T | undefined;
}

const compare = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

/**
 * Entries in the order of their names' UTF-8 bytes, as S3 lists them.
 * @param after the name that came last; everything when undefined
 */
export function pageOf<T>(
  all: readonly T[],
  nameOf: (entry: T) => string,
  { after, most }: { readonly after: string | undefined; readonly most: number },
): Page<T> {
  const entries = all
    .filter((entry) => after === undefined || compare(nameOf(entry), after) > 0)
    .sort((a, b) => compare(nameOf(a), nameOf(b)))
    .slice(0, most);
  const [last] = entries.slice(-1);
  const isMore = last !== undefined && all.some((entry) => compare(nameOf(entry), nameOf(last)) > 0);
  return { entries, last: isMore ? last : undefined };
}

/** How many entries a page may have: what the client asks for, and no more than the server gives. */
export const mostOf = (asked: string | null, pageSize: number): number =>
  Math.min(Number(asked ?? pageSize), pageSize);

/** A continuation token says nothing to its client. */
export const toToken = (name: string): string => Buffer.from(name).toString('base64');
export const fromToken = (token: string | null): string | undefined =>
  token === null ? undefined : Buffer.from(token, 'base64').toString();
