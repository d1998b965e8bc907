import { expect, test } from 'vitest';
import { findUrl } from '../../../cli/deployment/find-url.ts';
import type { Identity } from '../../../lib/openstack/validate-token.ts';
import type { RegionName, Token } from '../../../lib/schemas/ids.ts';

const endpoint = (region: string, url: string, name = 'public') => ({ interface: name, region, url });
const listing = (...endpoints: ReturnType<typeof endpoint>[]): Identity => ({
  ...{ userId: 'u', projectId: 'p', roles: [], expiresAtMs: 0 },
  catalog: [
    { type: 'image', endpoints: [endpoint('REGION2', 'http://glance')] },
    { type: 'image-import', endpoints },
  ],
});

/** Somebody's standing in a cloud of its own. */
const standing = (identity: Identity, importUrl?: string) => ({
  ...{ identity, region: 'REGION2' as RegionName },
  session: {
    cloud: {
      ...{ name: 'north', authUrl: 'http://k', interface: 'public' as const },
      auth: { kind: 'token' as const, token: 't' as Token, scope: {} },
      ...(importUrl !== undefined && { importUrl }),
    },
    identity: async () => identity,
    token: async () => 't' as Token,
    credentials: { headers: async () => ({}), replace: () => false },
  },
});

const found = (identity: Identity, url?: string, variable?: string, importUrl?: string) => {
  const out = { write: () => undefined };
  const env = variable === undefined ? {} : { GLANCE_FERRY_URL: variable };
  const io = { stdout: out, stderr: out, env, signal: new AbortController().signal };
  return findUrl(io, url === undefined ? {} : { url }, { to: standing(identity, importUrl) });
};

test('the option goes before the entry, that before the variable, and that before the catalog', () => {
  const listed = listing(endpoint('REGION2', 'http://catalog'));
  expect(found(listed, 'http://option', 'http://variable', 'http://entry')).toBe('http://option');
  expect(found(listed, undefined, 'http://variable', 'http://entry')).toBe('http://entry');
  expect(found(listed, undefined, 'http://variable')).toBe('http://variable');
  expect(found(listed)).toBe('http://catalog');
});

test("of a catalog's services the region's own is taken, else another one's: a deployment serves several", () => {
  expect(found(listing(endpoint('A', 'http://a'), endpoint('REGION2', 'http://b')))).toBe('http://b');
  expect(found(listing(endpoint('A', 'http://a')))).toBe('http://a');
  expect(() => found(listing(endpoint('REGION2', 'http://b', 'admin')))).toThrow('of type image-import');
});

const foundByTwo = (to: Identity, from: Identity, url?: string) => {
  const out = { write: () => undefined };
  const io = { stdout: out, stderr: out, env: {}, signal: new AbortController().signal };
  return findUrl(io, url === undefined ? {} : { url }, { to: standing(to), from: standing(from) });
};

test("one cloud's catalog does not say where another one's token goes, unless that says the same", () => {
  const [none, one, other] = [
    listing(),
    ...['https://a', 'https://b'].map((url) => listing(endpoint('REGION2', url))),
  ];
  if (!one || !other) throw new Error('two');
  for (const [to, from] of [
    [one, none],
    [none, one],
    [one, other],
  ] as const)
    expect(() => foundByTwo(to, from)).toThrow(
      'a service of type image-import in the catalogs of both clouds',
    );
  expect(() => foundByTwo(one, none)).toThrow('that of cloud north says https://a');
  expect(foundByTwo(one, one)).toBe('https://a');
  expect(foundByTwo(one, other, 'https://said')).toBe('https://said');
});

test('tokens of two clouds go nowhere in clear, but to this machine', () => {
  const none = listing();
  expect(() => foundByTwo(none, none, 'http://f.example')).toThrow('by https alone: http://f.example');
  for (const url of ['http://127.0.0.1:8080', 'http://localhost', 'http://[::1]:80'])
    expect(foundByTwo(none, none, url)).toBe(url);
  expect(found(none, 'http://f.example')).toBe('http://f.example');
});

test.each(['https://f.example/', 'https://f.example/v2', 'https://f.example/v2/'])(
  '%s is its base',
  (url) => {
    expect(found(listing(), url)).toBe('https://f.example');
  },
);

test.each(['ferry', 'ftp://f.example', '//f'])('%s is no URL', (url) => {
  expect(() => found(listing(), url)).toThrow(`is none: ${url}`);
});
