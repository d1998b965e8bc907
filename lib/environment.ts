import type { ErrorObject } from 'ajv';

// How settings are read from an environment, whosever they are: the functions' (config.ts) or the bridge's.

export type Env = Readonly<Record<string, string | undefined>>;

/** oslo.config writes lists with and without brackets: `[hw_,os_type]` and `hw_,os_type`. */
export const list = (text: string): string[] =>
  text
    .replace(/^\s*\[(.*)\]\s*$/s, '$1')
    .split(',')
    .map((item) => item.trim().replace(/^(['"])(.*)\1$/, '$2'))
    .filter((item) => item !== '');

/** oslo.config's dict: `key:value,key:value`. A key without a value stays, so that validation names it. */
export const dict = (text: string): Record<string, unknown> =>
  Object.fromEntries(
    list(text).map((pair) => {
      const colon = pair.indexOf(':');
      return colon < 1 ? [pair, null] : [pair.slice(0, colon).trim(), pair.slice(colon + 1).trim()];
    }),
  );

/** What is no number stays as it is, so that validation names it. */
export const integer = (text: string): unknown => (/^\d+$/.test(text) ? Number(text) : text);

/** oslo.config's boolean, in the spellings that everybody uses. */
export const boolean = (text: string): unknown =>
  /^(true|yes|1)$/i.test(text) ? true : /^(false|no|0)$/i.test(text) ? false : text;

export const text = (value: string): string => value;
export const integers = (value: string): unknown[] => list(value).map(integer);

/** An empty variable counts as not set, as everywhere in OpenStack's and AWS's tools. */
export const withoutEmpty = (env: Env): Env =>
  Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));

/**
 * The variables that have a parser, parsed.
 * @param defaults values where the environment is silent
 */
export const parseEnv = (
  env: Env,
  parsers: Readonly<Record<string, (value: string) => unknown>>,
  defaults: Env,
): Record<string, unknown> => {
  const merged: Env = { ...defaults, ...withoutEmpty(env) };
  return Object.fromEntries(
    Object.entries(parsers).flatMap(([name, read]) => {
      const value = merged[name];
      return value === undefined ? [] : [[name, read(value)]];
    }),
  );
};

/** `/OS_AUTH_URL pattern` in words. The value is left out: it may be a secret. */
export const inWords = ({ instancePath, params, message }: ErrorObject): string => {
  const missing: unknown = params['missingProperty'];
  if (typeof missing === 'string') return `${missing} is not set`;
  const allowed: unknown = params['allowedValues'];
  const [name = '', ...rest] = instancePath.slice(1).split('/');
  const place = rest.length > 0 ? `${name} (${rest.join('/')})` : name;
  return `${place} ${message}${Array.isArray(allowed) ? `: ${allowed.join(', ')}` : ''}`;
};
