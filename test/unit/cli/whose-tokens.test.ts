import { afterAll, beforeAll, expect, test } from 'vitest';
import { requireOurTokens } from '../../../cli/deployment/whose-tokens.ts';
import type { Catalog } from '../../../lib/openstack/catalog.ts';
import { createOpenStackHttp } from '../../../lib/openstack/http.ts';
import type { RegionName, Token } from '../../../lib/schemas/ids.ts';
import { type ScriptedServer, startScriptedServer } from '../scripted-server.ts';

let deployment: ScriptedServer;
beforeAll(async () => {
  deployment = await startScriptedServer();
});
afterAll(() => deployment.stop());

const { signal } = new AbortController();
const [north, northInside, home] = ['http://north', 'http://north.inside', 'http://home'] as const;
const catalog: Catalog = [
  {
    type: 'identity',
    endpoints: [{ interface: 'internal', region: 'NORTH', url: `${northInside}/v3` }],
  },
];
const identity = { userId: 'u', projectId: 'p', roles: [], expiresAtMs: 0, catalog };
const to = {
  ...{ region: 'NORTH' as RegionName, identity },
  session: {
    cloud: {
      ...{ name: 'north', authUrl: `${north}/v3`, interface: 'public' as const },
      auth: { kind: 'token' as const, token: 't' as Token, scope: {} },
    },
    identity: async () => identity,
    token: () => Promise.reject(new Error('no token is asked for')),
    credentials: {
      headers: () => Promise.reject(new Error('no token is shown')),
      replace: () => false,
    },
  },
};
const http = createOpenStackHttp({ stallMs: 1000, minimumRate: 0, answerMs: 1000 });
const asked = (keystones: readonly string[], told?: string) => {
  const header = told === undefined ? {} : { 'www-authenticate': `Keystone uri="${told}"` };
  deployment.script({ status: 401, headers: header });
  return requireOurTokens(deployment.url, to, { keystones, http }, { signal });
};

test('a deployment that takes the tokens of another cloud of who calls is refused, and shown none', async () => {
  await expect(asked([north, home], home)).rejects.toThrow(
    `takes no tokens of cloud north for region NORTH, but those of ${home}`,
  );
  expect(deployment.seen).toMatchObject([{ method: 'GET', path: '/regions/NORTH/v2/info/import' }]);
  expect(deployment.seen[0]?.headers).not.toHaveProperty('x-auth-token');
});

test.each([
  ['by its address', north],
  ['by another address, which its catalog has', northInside],
  ['by one that nobody knows', 'http://inside'],
  ['not at all', undefined],
])('one that names the Keystone of the region %s is fine', async (_, told) => {
  await asked([north, northInside, home], told);
  expect(deployment.seen).toHaveLength(1);
});

test('nobody is asked where who calls has one Keystone alone', async () => {
  await asked([north], home);
  await asked([north, northInside], home);
  expect(deployment.seen).toEqual([]);
});
