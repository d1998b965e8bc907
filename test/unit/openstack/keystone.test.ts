import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FerryError } from '../../../lib/errors.ts';
import { createOpenStackHttp } from '../../../lib/openstack/http.ts';
import { createKeystone, type Keystone } from '../../../lib/openstack/keystone.ts';
import type { Token } from '../../../lib/schemas/ids.ts';
import {
  applicationCredentials,
  restrictedCredential,
  userNamed,
} from '../../cloud/openstack/keystone/fixture.ts';
import { type Keystone as Emulation, startKeystone } from '../../cloud/openstack/keystone/keystone.ts';
import { type Answer, type ScriptedServer, startScriptedServer } from '../scripted-server.ts';

const http = createOpenStackHttp({ stallMs: 1000 });
const signal = new AbortController().signal;
const required = { code: 'unauthorized', message: 'The request you have made requires authentication.' };
let emulation: Emulation;
let server: ScriptedServer;
let keystone: Keystone;

beforeAll(async () => {
  emulation = await startKeystone();
  server = await startScriptedServer();
  keystone = createKeystone({ authUrl: emulation.authUrl, http });
});
afterAll(async () => {
  await http.small.close();
  await Promise.all([emulation.stop(), server.stop()]);
});

const demoToken = (lifetimeS?: number) => emulation.issueToken('demo', lifetimeS) as Token;
const failureOf = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (e) => e,
  );

describe('a token', () => {
  test('tells who calls, with which roles and which catalog', async () => {
    const { id, project, roles } = userNamed('demo');
    const identity = await keystone.validate(demoToken(), { signal });
    expect(identity).toMatchObject({
      userId: id,
      projectId: project.id,
      roles: roles.map(({ name }) => name),
    });
    expect(identity.catalog.map(({ type }) => type)).toContain('identity');
  });

  test.each(['', '/', '/v3', '/v3/', '/v3//', '/v2.0', '/v2.0/'])(
    'is validated where OS_AUTH_URL ends in %j',
    async (end) => {
      const found = createKeystone({ authUrl: `${emulation.url}${end}`, http });
      await expect(found.validate(demoToken(), { signal })).resolves.toMatchObject({
        userId: userNamed('demo').id,
      });
    },
  );

  test('that has expired, was revoked, or is none, requires authentication', async () => {
    const revoked = demoToken();
    emulation.tokens.revoke(revoked);
    for (const token of [demoToken(-1), revoked, 'nonsense', 'no\nheader', '€'] as Token[])
      expect(await failureOf(keystone.validate(token, { signal }))).toMatchObject(required);
  });

  const error = (code: number, message: string) => ({ status: code, json: { error: { code, message } } });

  test.each([
    ['it has expired', error(401, 'The request you have made requires authentication.')],
    ['it is none', error(404, 'Could not recognize Fernet token')],
    ['it was revoked', error(404, 'Failed to validate token')],
    ['of old', error(404, 'Could not find token: gAAAA.')],
  ])('of which Keystone says that %s requires authentication', async (_, refusal) => {
    server.script(refusal);
    const keystone = createKeystone({ authUrl: server.url, http });
    expect(await failureOf(keystone.validate('t' as Token, { signal }))).toMatchObject(required);
  });

  const page = { headers: { 'content-type': 'text/html' }, text: '<h1>A page</h1>' };
  const notKeystone: readonly [what: string, answer: Answer][] = [
    ['a page of 401', { status: 401, ...page }],
    ['a page of 404', { status: 404, ...page }],
    ['a page', { status: 200, ...page }],
    ['nothing', { status: 204 }],
    ['versions', { status: 300, json: { versions: {} } }],
    ['JSON of something else', { status: 200, json: {} }],
    ['a redirect', { status: 302, headers: { location: 'http://127.0.0.1/' } }],
    ['405', { status: 405, json: { message: 'The method is not allowed for the requested URL.' } }],
    ["Keystone's 404 of another kind", error(404, 'Could not find resource')],
    ["Keystone's 403, by a policy of its own", error(403, 'You are not authorized to validate_token.')],
    ['an error of another code', { status: 401, json: { error: { code: 404, message: 'token' } } }],
    ['a JSON 401 of something else', { status: 401, json: { error: 'invalid_token' } }],
  ];

  test.each(notKeystone)('is not refused where OS_AUTH_URL gives %s: it is wrong', async (_, answer) => {
    server.script(answer);
    const keystone = createKeystone({ authUrl: server.url, http });
    const failure = await failureOf(keystone.validate('gAAAA-secret' as Token, { signal }));
    expect(failure).toMatchObject({
      code: 'misconfigured',
      status: 503,
      message: 'This service cannot validate tokens: its OS_AUTH_URL does not lead to a Keystone v3.',
      cause: { message: expect.stringContaining(`GET ${server.url}/v3/auth/tokens answered`) },
    });
    expect(server.seen).toHaveLength(1);
  });

  test('with access rules is forbidden, and Keystone is told that we know of them', async () => {
    const { id, secret } = restrictedCredential;
    const user = createKeystone({
      authUrl: emulation.authUrl,
      http,
      serviceUser: async () => ({ id, secret }),
    });
    const token = await user.serviceToken({ signal });
    expect(await failureOf(keystone.validate(token as Token, { signal }))).toMatchObject({
      code: 'forbidden',
      message: 'Tokens of application credentials with access rules are not accepted here.',
    });
  });

  test('of an application credential without access rules is a good one', async () => {
    const [credential] = applicationCredentials;
    const { id = '', secret = '', user } = credential ?? {};
    const issuer = createKeystone({
      authUrl: emulation.authUrl,
      http,
      serviceUser: async () => ({ id, secret }),
    });
    const token = await issuer.serviceToken({ signal });
    expect(await keystone.validate(token as Token, { signal })).toMatchObject({ userId: user?.id });
  });

  test('without a project requires authentication', async () => {
    server.script({
      status: 200,
      json: { token: { expires_at: '2030-01-01T00:00:00.000000Z', user: { id: 'u' } } },
    });
    const unscoped = createKeystone({ authUrl: server.url, http });
    expect(await failureOf(unscoped.validate('t' as Token, { signal }))).toMatchObject(required);
  });

  const outages: readonly [what: string, answer: Answer, calls: number][] = [
    ['503', { status: 503, headers: { 'retry-after': '0' } }, 1],
    ['429', { status: 429 }, 1],
    ['an error of its own', error(500, 'An unexpected error prevented the server from fulfilling'), 1],
    // A connection that was kept may have died, so that is tried once more.
    ['no answer', 'reset', 2],
  ];

  test.each(outages)(
    'is not refused by a Keystone that gives %s, nor asked for often',
    async (_, answer, calls) => {
      server.script(answer);
      const broken = createKeystone({ authUrl: server.url, http });
      const failure = await failureOf(broken.validate('gAAAA-secret' as Token, { signal }));
      expect(failure).toMatchObject({
        code: 'unavailable',
        status: 503,
        message: 'The identity service cannot validate tokens at the moment.',
      });
      expect(server.seen).toHaveLength(calls);
    },
  );

  test.each(['', 'a b', 'a\nb', '€', 'x'.repeat(4097)])(
    'that cannot be one is not asked for',
    async (odd) => {
      server.script({ status: 500 });
      const asked = createKeystone({ authUrl: server.url, http });
      expect(await failureOf(asked.validate(odd as Token, { signal }))).toMatchObject(required);
      expect(server.seen).toEqual([]);
    },
  );

  test('goes in both headers, and nowhere else', async () => {
    server.script({ status: 404 });
    await failureOf(
      createKeystone({ authUrl: server.url, http }).validate('gAAAA-secret' as Token, { signal }),
    );
    const [request] = server.seen;
    expect(request).toMatchObject({ method: 'GET', path: '/v3/auth/tokens', body: '' });
    expect(request?.headers).toMatchObject({
      'x-auth-token': 'gAAAA-secret',
      'x-subject-token': 'gAAAA-secret',
      'openstack-identity-access-rules': '1.0',
    });
  });
});

describe('the service user', () => {
  const [credential] = applicationCredentials.filter(({ user }) => user.name === 'svc');
  const { id = '', secret = '' } = credential ?? {};

  const answer = (token: string, lifetimeMs: number) => ({
    status: 201,
    headers: { 'x-subject-token': token },
    json: { token: { expires_at: new Date(Date.now() + lifetimeMs).toISOString(), user: { id: 'svc' } } },
  });
  const scripted = () =>
    createKeystone({ authUrl: server.url, http, serviceUser: async () => ({ id, secret }) });

  test('is optional', async () => {
    expect(await keystone.serviceToken({ signal })).toBeUndefined();
  });

  test('gets a token for its application credential, with its role', async () => {
    const service = createKeystone({
      authUrl: emulation.authUrl,
      http,
      serviceUser: async () => ({ id, secret }),
    });
    const token = await service.serviceToken({ signal });
    expect(emulation.tokens.valid(token)?.roles.map(({ name }) => name)).toEqual(['service']);
  });

  test('gets one token for many calls', async () => {
    server.script(answer('first', 3_600_000), answer('second', 3_600_000));
    const service = scripted();
    expect(await service.serviceToken({ signal })).toBe('first');
    expect(await service.serviceToken({ signal })).toBe('first');
    expect(server.seen).toHaveLength(1);
  });

  test.each([
    [
      'is refused',
      { status: 401, json: { error: { message: 'The request you have made requires authentication.' } } },
    ],
    [
      'gets no token',
      { status: 201, json: { token: { expires_at: '2030-01-01T00:00:00Z', user: { id: 'svc' } } } },
    ],
    ['gets an odd answer', { status: 201, headers: { 'x-subject-token': 'x' }, json: {} }],
  ] as const)('that %s is told without its secret, and asks again next time', async (_, broken) => {
    server.script(broken, answer('later', 3_600_000));
    const service = scripted();
    const error = await failureOf(service.serviceToken({ signal }));
    expect(error).toBeInstanceOf(FerryError);
    expect(`${(error as FerryError).explanation}`).toContain("get the service user's token from Keystone");
    expect(JSON.stringify(error) + (error as FerryError).explanation).not.toContain(secret);
    expect(await service.serviceToken({ signal })).toBe('later');
  });

  test.each([{ status: 500 }, 'reset'] as const)('that meets %j for a moment asks again', async (broken) => {
    server.script(broken, answer('later', 3_600_000));
    expect(await scripted().serviceToken({ signal })).toBe('later');
  });

  test.each([
    ['of an unknown id', { id: 'none', secret }],
    ['with a wrong secret', { id, secret: 'wrong' }],
  ])("%s is the operator's fault", async (_, serviceUser) => {
    const service = createKeystone({
      authUrl: emulation.authUrl,
      http,
      serviceUser: async () => serviceUser,
    });
    const error = await failureOf(service.serviceToken({ signal }));
    expect(error).toMatchObject({
      code: 'misconfigured',
      explanation:
        "Failed to get the service user's token from Keystone: its application credential is refused",
    });
  });

  test('whose Keystone quotes what it was sent is not quoted, not even to the log', async () => {
    const message = `Invalid input for field 'secret': ${secret}`;
    server.script({ status: 400, json: { error: { code: 400, message, title: 'Bad Request' } } });
    const error = await failureOf(scripted().serviceToken({ signal }));
    expect(error).toMatchObject({ code: 'misconfigured' });
    expect(inspect(error, { depth: 10 })).not.toContain(secret);
  });

  test('gets one token for all who ask while it is on its way', async () => {
    server.script(answer('first', 3_600_000), answer('second', 3_600_000));
    const service = scripted();
    const ask = () => service.serviceToken({ signal });
    expect(await Promise.all([ask(), ask(), ask()])).toEqual(['first', 'first', 'first']);
    service.dropServiceToken('first');
    expect(await Promise.all([ask(), ask()])).toEqual(['second', 'second']);
    service.dropServiceToken('first'); // somebody was late
    expect(await ask()).toBe('second');
    expect(server.seen).toHaveLength(2);
  });

  test('keeps the reason of an abort', async () => {
    const reason = new FerryError('out-of-time', 'the time ended');
    expect(await failureOf(scripted().serviceToken({ signal: AbortSignal.abort(reason) }))).toBe(reason);
  });
});
