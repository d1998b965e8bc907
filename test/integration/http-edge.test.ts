import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { restrictedCredential, userNamed } from '../cloud/openstack/keystone/fixture.ts';
import { downloadOf, expectError, requestIdForm } from './refusals.ts';
import { useFerry } from './use-ferry.ts';

const functions = [
  ['import-image', 'POST'],
  ['list-tasks', 'GET', 'DELETE, GET'],
  ['cancel-import', 'DELETE', 'DELETE, GET'],
  ['discovery', 'GET'],
] as const;

const ferry = useFerry({ idle: ['stream-image', 'apply-metadata', 'fail-import'] });
let token: string;
let imageId: string;
let body: object;

beforeAll(async () => {
  token = ferry.openstack.issueToken('demo');
  const { REGION1, REGION2 } = ferry.openstack.regions;
  body = downloadOf((await REGION1.createImage({ disk_format: 'raw', container_format: 'bare' }, 'data')).id);
  imageId = (await REGION2.createImage({ name: 'target' })).id;
});

/** The functions as another environment makes them. */
const withSettings = (settings: Readonly<Record<string, string>>): void => {
  vi.resetModules();
  for (const [name, value] of Object.entries(settings)) vi.stubEnv(name, value);
};
afterEach(() => {
  vi.unstubAllEnvs();
  vi.resetModules();
});

describe.each(functions)('%s', (name, method, allow: string = method) => {
  const tokens: Record<string, () => string | undefined> = {
    'no token': () => undefined,
    'an empty token': () => '',
    'a token that Keystone does not know': () => 'gAAAAAB-unknown',
    'a token that has expired': () => {
      const expired = ferry.openstack.issueToken('demo');
      ferry.openstack.keystone.tokens.expire(expired);
      return expired;
    },
    'a token that was revoked': () => {
      const revoked = ferry.openstack.issueToken('demo');
      ferry.openstack.keystone.tokens.revoke(revoked);
      return revoked;
    },
    'a token without a project': () =>
      ferry.openstack.keystone.tokens.issue({ user: userNamed('demo'), methods: ['password'] }).id,
  };

  test.each(Object.keys(tokens))('%s is 401 and says where to get one', async (what) => {
    const given = tokens[what]?.();
    const request = { method, imageId, body, ...(given !== undefined && { token: given }) };
    const answer = await ferry.http(name, request);
    expectError(answer, { status: 401, message: 'The request you have made requires authentication.' });
    const keystone = ferry.openstack.authUrl.replace('/v3', '');
    expect(answer.headers).toMatchObject({ 'www-authenticate': `Keystone uri="${keystone}"` });
    expect(await ferry.traces.items()).toEqual([]);
  });

  test('a token with access rules is 403 and says why', async () => {
    const restricted = { credential: restrictedCredential, methods: ['application_credential'] };
    const user = userNamed('demo');
    const bound = ferry.openstack.keystone.tokens.issue({ user, project: user.project, ...restricted }).id;
    const message = 'Tokens of application credentials with access rules are not accepted here.';
    expectError(await ferry.http(name, { method, imageId, body, token: bound }), { status: 403, message });
  });

  test.each(['/nowhere/v3', '/v3/auth'])(
    "a good token is not refused for the operator's OS_AUTH_URL: …%s",
    async (path) => {
      withSettings({ OS_AUTH_URL: `${ferry.openstack.keystone.url}${path}` });
      const message = 'This service cannot validate tokens: its OS_AUTH_URL does not lead to a Keystone v3.';
      expectError(await ferry.http(name, { method, imageId, token, body }), { status: 503, message });
    },
  );

  const others = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD'].filter((other) => other !== method);
  test.each(others)('%s is 405 and says what is allowed', async (other) => {
    const answer = await ferry.http(name, { method: other, imageId, token, body });
    const message = `The method ${other} is not allowed for this resource.`;
    expectError(answer, { status: 405, message });
    expect(answer.headers).toMatchObject({ allow });
  });

  test('OPTIONS is an empty 200, without a token', async () => {
    const answer = await ferry.http(name, { method: 'OPTIONS', imageId });
    expect(answer).toMatchObject({ status: 200, body: '', headers: { allow } });
    expect(answer.headers['x-openstack-request-id']).toMatch(requestIdForm);
  });

  test("a catalog without the operator's OS_REGION_NAME is 503, and may be the project's", async () => {
    withSettings({ OS_REGION_NAME: 'REGION9' });
    const message =
      'public glance endpoint not found for region REGION9: either this service is set up for another region or ' +
      'interface than the cloud has, or the catalog of this project leaves it out';
    expectError(await ferry.http(name, { method, imageId, token, body }), { status: 503, message });
  });
});

test('the answer of an accepted import', async () => {
  // An HTTP API hands a body over in base64 when the Content-Type is not text, as curl -d sends it.
  const answer = await ferry.http('import-image', { method: 'POST', imageId, token, body, base64: true });
  expect(answer).toMatchObject({
    status: 201,
    headers: { location: `/v2/images/${imageId}/tasks`, 'content-type': 'application/json' },
    json: { type: 'api_image_import', status: 'pending', image_id: imageId },
  });
  expect(answer.headers['x-openstack-request-id']).toMatch(requestIdForm);
  expect(answer.json['request_id']).toBe(answer.headers['x-openstack-request-id']);
  const [task] = await ferry.tasks(imageId, token);
  expect(task).toEqual(answer.json);
});

describe('an error comes in the form that its reader asks for', () => {
  const message = "'glance_region' needs to be set for glance-download import method";
  const answerTo = (headers: Record<string, string>) => {
    const wrong = { method: { name: 'glance-download' } };
    return ferry.http('import-image', { method: 'POST', imageId: freeId, token, body: wrong, headers });
  };
  let freeId: string;
  beforeAll(async () => {
    freeId = (await ferry.openstack.regions.REGION2.createImage({ name: 'free' })).id;
  });

  test.each<[headers: Record<string, string>]>([
    [{}],
    [{ accept: '*/*' }],
    [{ accept: 'application/json' }],
    [{ accept: 'text/html, application/json' }],
  ])('%j: JSON', async (headers) => {
    expectError(await answerTo(headers), { status: 400, message });
  });

  test.each<[headers: Record<string, string>]>([
    [{ accept: 'text/html' }],
    // Which cannot read Glance's own JSON errors.
    [{ accept: '*/*', 'user-agent': 'python-glanceclient' }],
  ])('%j: HTML', async (headers) => {
    const answer = await answerTo(headers);
    expect(answer).toMatchObject({ status: 400, headers: { 'content-type': 'text/html; charset=UTF-8' } });
    expect(answer.body).toContain(`<h1>400 Bad Request</h1>\n  ${message.replaceAll("'", '&#x27;')}<br />`);
  });

  test('text/plain: text', async () => {
    const answer = await answerTo({ accept: 'text/plain' });
    expect(answer).toMatchObject({ status: 400, headers: { 'content-type': 'text/plain; charset=UTF-8' } });
    expect(answer.body).toBe(`400 Bad Request\n\n${message}`);
  });
});

test.each([
  ['/', 300],
  ['/versions', 200],
])('GET %s tells anybody the versions, as Glance does', async (path, status) => {
  const headers = { host: 'ferry.example', 'x-forwarded-proto': 'https' };
  const answer = await ferry.http('discovery', { method: 'GET', path, headers });
  expect(answer).toMatchObject({ status, headers: { 'content-type': 'application/json' } });
  expect(answer.json['versions']).toContainEqual({
    id: 'v2.12', // the first with the tasks of an image
    status: 'CURRENT',
    links: [{ rel: 'self', href: 'https://ferry.example/v2/' }],
  });
});

test('a path named like what every object has is a path like any other', async () => {
  for (const path of ['constructor', 'toString', '__proto__', 'valueOf'])
    expect(await ferry.http('discovery', { method: 'GET', path })).toMatchObject({ status: 401 });
});

describe('GET /v2/info/import', () => {
  test("lists what POST answers, and nothing that the target's Glance alone does", async () => {
    const answer = await ferry.http('discovery', { method: 'GET', token });
    expect(answer).toMatchObject({
      status: 200,
      headers: {
        'content-type': 'application/json',
        'x-openstack-request-id': expect.stringMatching(requestIdForm),
      },
    });
    expect(answer.json).toEqual({
      'import-methods': {
        description: 'Import methods available.',
        type: 'array',
        value: ['glance-download', 'web-download'],
      },
    });
  });
});
