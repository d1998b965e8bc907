import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FerryError } from '../../../lib/errors.ts';
import { createOpenStackHttp } from '../../../lib/openstack/http.ts';
import { createKeystone, type Keystone } from '../../../lib/openstack/keystone.ts';
import type { Token } from '../../../lib/schemas/ids.ts';
import { applicationCredentials, userNamed } from '../../cloud/openstack/keystone/fixture.ts';
import { type Keystone as Emulation, startKeystone } from '../../cloud/openstack/keystone/keystone.ts';
import { type ScriptedServer, startScriptedServer } from '../scripted-server.ts';

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

  test.each(['', '/', '/v3', '/v3/', '/v3//'])('is validated where OS_AUTH_URL ends in %j', async (end) => {
    const found = createKeystone({ authUrl: `${emulation.url}${end}`, http });
    await expect(found.validate(demoToken(), { signal })).resolves.toMatchObject({
      userId: userNamed('demo').id,
    });
  });

  test('that has expired, was revoked, or is none, requires authentication', async () => {
    const revoked = demoToken();
    emulation.tokens.revoke(revoked);
    for (const token of [demoToken(-1), revoked, 'nonsense', 'no\nheader', '€'] as Token[])
      expect(await failureOf(keystone.validate(token, { signal }))).toMatchObject(required);
  });

  test.each([400, 401, 403, 404])('to which Keystone says %i requires authentication', async (status) => {
    server.script({ status });
    const odd = createKeystone({ authUrl: server.url, http });
    expect(await failureOf(odd.validate('t' as Token, { signal }))).toMatchObject(required);
  });

  test('without a project requires authentication', async () => {
    server.script({
      status: 200,
      json: { token: { expires_at: '2030-01-01T00:00:00.000000Z', user: { id: 'u' } } },
    });
    const unscoped = createKeystone({ authUrl: server.url, http });
    expect(await failureOf(unscoped.validate('t' as Token, { signal }))).toMatchObject(required);
  });

  test('that cannot be validated now is no refusal', async () => {
    server.script({ status: 503, headers: { 'retry-after': '0' } });
    const broken = createKeystone({ authUrl: server.url, http });
    const error = await failureOf(broken.validate('gAAAA-secret' as Token, { signal }));
    expect(error).toMatchObject({ code: 'unavailable', status: 503 });
    expect((error as FerryError).message).toBe(
      `Failed to validate the token with Keystone at ${server.url}: HTTP 503`,
    );
  });

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
  const scripted = () => createKeystone({ authUrl: server.url, http, serviceUser: { id, secret } });

  test('is optional', async () => {
    expect(await keystone.serviceToken({ signal })).toBeUndefined();
  });

  test('gets a token for its application credential, with its role', async () => {
    const service = createKeystone({ authUrl: emulation.authUrl, http, serviceUser: { id, secret } });
    const token = await service.serviceToken({ signal });
    expect(emulation.tokens.valid(token)?.roles.map(({ name }) => name)).toEqual(['service']);
  });

  test('gets one token for many calls, and a new one five minutes before its end', async () => {
    const minute = 60_000;
    server.script(answer('first', 4 * minute), answer('second', 6 * minute), answer('third', 60 * minute));
    const service = scripted();
    expect(await service.serviceToken({ signal })).toBe('first');
    expect(await service.serviceToken({ signal })).toBe('second');
    expect(await service.serviceToken({ signal })).toBe('second');
    expect(server.seen).toHaveLength(2);
  });

  test.each([
    [
      'is refused',
      { status: 401, json: { error: { message: 'The request you have made requires authentication.' } } },
    ],
    ['meets a broken Keystone', { status: 500 }],
    [
      'gets no token',
      { status: 201, json: { token: { expires_at: '2030-01-01T00:00:00Z', user: { id: 'svc' } } } },
    ],
    ['gets an odd answer', { status: 201, headers: { 'x-subject-token': 'x' }, json: {} }],
    ['gets no answer', 'reset'],
  ] as const)('that %s is told without its secret, and asks again next time', async (_, broken) => {
    server.script(broken, answer('later', 3_600_000));
    const service = scripted();
    const error = await failureOf(service.serviceToken({ signal }));
    expect(error).toBeInstanceOf(FerryError);
    expect(`${(error as FerryError).explanation}`).toContain("get the service user's token from Keystone");
    expect(JSON.stringify(error) + (error as FerryError).explanation).not.toContain(secret);
    expect(await service.serviceToken({ signal })).toBe('later');
  });

  test('keeps the reason of an abort', async () => {
    const reason = new FerryError('out-of-time', 'the time ended');
    expect(await failureOf(scripted().serviceToken({ signal: AbortSignal.abort(reason) }))).toBe(reason);
  });
});
