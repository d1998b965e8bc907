import { inspect } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Authentication, Cloud } from '../../../lib/clouds/cloud.ts';
import { createSession } from '../../../lib/clouds/session.ts';
import { FerryError } from '../../../lib/errors.ts';
import { createGlance } from '../../../lib/openstack/glance/glance.ts';
import type { ImageId, Token } from '../../../lib/schemas/ids.ts';
import { type ScriptedServer, startScriptedServer } from '../scripted-server.ts';
import { entryOf, http, signal, useTwoClouds } from './two-clouds.ts';

const both = useTwoClouds();
const home = () => both().home;
const domain = { id: 'default' };
const demo = () => home().keystone.accounts.userNamed('demo');
const sessionBy = (auth: Authentication) =>
  createSession({ name: 'home', authUrl: home().authUrl, interface: 'public', auth }, { http });

let server: ScriptedServer;
beforeAll(async () => {
  server = await startScriptedServer();
});
beforeEach(() => server.script({ status: 500 }));
afterAll(() => server.stop());

const failureOf = async (promise: Promise<unknown>): Promise<FerryError> => {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof FerryError)) throw new Error('no FerryError', { cause: error });
  return error;
};

describe('a session', () => {
  test.each<[string, () => Authentication]>([
    ['an application credential', () => entryOf(home(), { name: '' }).auth],
    [
      'an application credential by its name',
      () => {
        const user = { name: 'demo', domain };
        const credential = { name: 'demo-ac', secret: 'demo-ac-secret', user };
        return { kind: 'application-credential', credential };
      },
    ],
    [
      'names and a password',
      () => {
        const [user, project] = [
          { name: 'demo', domain },
          { name: 'demo', domain: { name: 'Default' } },
        ];
        return { kind: 'password', password: { user, password: 'demo-secret', project } };
      },
    ],
    [
      'names without a domain, of the usual one',
      () => {
        const [user, project] = [{ name: 'demo' }, { name: 'demo' }];
        return { kind: 'password', password: { user, password: 'demo-secret', project } };
      },
    ],
    [
      'ids and a password',
      () => {
        const [user, project] = [{ id: demo().id }, { id: demo().project.id }];
        return { kind: 'password', password: { user, password: 'demo-secret', project } };
      },
    ],
    ['a token', () => ({ kind: 'token', token: home().issueToken('demo') as Token, scope: {} })],
    [
      'a token and a project',
      () => ({
        ...{ kind: 'token', token: home().issueToken('demo') as Token },
        scope: { name: 'demo', domain },
      }),
    ],
  ])('is opened by %s', async (_, auth) => {
    const identity = await sessionBy(auth()).identity({ signal });
    expect(identity).toMatchObject({ projectId: demo().project.id, userId: demo().id });
    expect(identity.catalog.map(({ type }) => type)).toContain('image');
  });

  test('goes on when its token is revoked in the middle, with one new token for all', async () => {
    const session = createSession(entryOf(home(), { name: 'home' }), { http });
    const { REGION1 } = home().regions;
    const glance = createGlance(REGION1.url, session.credentials, http);
    const id = (await REGION1.createImage({})).id as ImageId;
    await glance.image(id, { signal });
    const first = await session.token({ signal });
    home().keystone.tokens.revoke(first);
    await Promise.all(Array.from({ length: 5 }, () => glance.image(id, { signal })));
    const second = await session.token({ signal });
    expect(second).not.toBe(first);
    await glance.image(id, { signal });
    expect(await session.token({ signal })).toBe(second);
  });

  test('says nothing of a secret when Keystone refuses, and which entry it is', async () => {
    const wrong = { id: 'no-such-credential', secret: 'very-secret' };
    const user = { name: 'demo', domain };
    const refused: readonly [Authentication, string][] = [
      [{ kind: 'application-credential', credential: wrong }, 'its application credential is refused'],
      [
        { kind: 'password', password: { user, password: 'very-secret', project: { name: 'demo', domain } } },
        'its user name or password is refused',
      ],
      [{ kind: 'token', token: 'very-secret' as Token, scope: {} }, 'its token is refused'],
    ];
    for (const [auth, reason] of refused) {
      const error = await failureOf(sessionBy(auth).token({ signal }));
      const message = `Failed to authenticate with cloud home at ${home().authUrl}/auth/tokens: ${reason}`;
      expect(error).toMatchObject({ code: 'unauthorized', message });
      expect(error.explanation).not.toContain('very-secret');
    }
  });

  test.each([
    [404, 'misconfigured', 'its auth_url leads to no Keystone v3'],
    [400, 'misconfigured', 'Keystone cannot make sense of its application credential'],
    [503, 'unavailable', 'HTTP 503'],
  ])('whose Keystone answers %i is %s', async (status, code, reason) => {
    const json = { error: { code: status, message: "On instance: {'secret': 'very-secret'}", title: '' } };
    server.script({ status, json });
    const cloud: Cloud = { ...entryOf(home(), { name: 'north' }), authUrl: server.url };
    const error = await failureOf(createSession(cloud, { http }).token({ signal }));
    expect(error.code).toBe(code);
    expect(error.message).toContain(`authenticate with cloud north at ${server.url}/v3/auth/tokens`);
    expect(error.message).toContain(reason);
    expect(inspect(error, { depth: 10 })).not.toContain('very-secret');
  });

  test('is for a project', async () => {
    const token = { user: { id: 'u' }, expires_at: '2999-01-01T00:00:00Z' };
    server.script({ status: 201, headers: { 'x-subject-token': 'unscoped' }, json: { token } });
    const cloud = entryOf(home(), { name: 'north', authUrl: server.url });
    expect(await failureOf(createSession(cloud, { http }).token({ signal }))).toMatchObject({
      code: 'misconfigured',
      message: expect.stringContaining('no project is named'),
    });
  });

  test('with a cacert that is not there names its entry', () => {
    const cloud = entryOf(home(), { name: 'north', cacert: '/nowhere/ca.pem' });
    expect(() => createSession(cloud, { http })).toThrow(
      "the cacert of cloud north cannot be used: ENOENT: no such file or directory, open '/nowhere/ca.pem'",
    );
  });
});
