type Known<T> = { readonly [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Only what is known: an attribute that is undefined is not there at all. */
export const known = <T extends object>(attributes: T): Known<T> =>
  Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined)) as Known<T>;
