import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readClouds } from '../../../../lib/clouds/entries/read-clouds.ts';

const file = (text: string, name = '/etc/openstack/clouds.yaml') => ({ name, text });
const read = (text: string, secure?: string, profiles?: string) =>
  readClouds({
    clouds: file(text),
    secure: secure === undefined ? undefined : file(secure, 'secure.yaml'),
    profiles: profiles === undefined ? undefined : file(profiles, 'clouds-public.yaml'),
  });

const passwordEntry = `clouds:
  north:
    auth:
      auth_url: https://north.example:5000/v3
      username: demo
      password: 0012
      project_name: backups
      user_domain_name: Default
      project_domain_id: default
    region_name: NORTH
    interface: internal
    cacert: /etc/ssl/north.pem
    identity_api_version: 3
`;

describe('an entry of clouds.yaml', () => {
  test('with a password is read as it is written: 0012 is no number', async () => {
    expect(await read(passwordEntry)).toEqual({
      clouds: [
        {
          name: 'north',
          authUrl: 'https://north.example:5000/v3',
          auth: {
            kind: 'password',
            password: {
              user: { name: 'demo', domain: { name: 'Default' } },
              password: '0012',
              project: { name: 'backups', domain: { id: 'default' } },
            },
          },
          regionName: 'NORTH',
          interface: 'internal',
          cacert: '/etc/ssl/north.pem',
        },
      ],
      broken: [],
    });
  });

  test.each([
    [
      'auth_type: v3applicationcredential, auth: {auth_url: http://k, application_credential_id: i, application_credential_secret: s}',
      { kind: 'application-credential', credential: { id: 'i', secret: 's' } },
    ],
    [
      'auth: {auth_url: http://k, application_credential_name: n, application_credential_secret: s, username: u, user_domain_id: d}',
      {
        kind: 'application-credential',
        credential: { name: 'n', secret: 's', user: { name: 'u', domain: { id: 'd' } } },
      },
    ],
    [
      'auth_type: v3token, auth: {auth_url: http://k, token: t, project_id: p}',
      { kind: 'token', token: 't', scope: { id: 'p' } },
    ],
    ['auth: {auth_url: http://k, token: t}', { kind: 'token', token: 't', scope: {} }],
    [
      'auth: {auth_url: http://k, user_id: u, password: p, tenant_id: t}',
      { kind: 'password', password: { user: { id: 'u' }, password: 'p', project: { id: 't' } } },
    ],
    [
      // One domain for both, as openstacksdk allows.
      'auth: {auth_url: http://k, username: u, password: p, project_name: t, domain_id: d}',
      {
        kind: 'password',
        password: {
          user: { name: 'u', domain: { id: 'd' } },
          password: 'p',
          project: { name: 't', domain: { id: 'd' } },
        },
      },
    ],
    [
      // Its own counts more than what is for all.
      'auth: {auth_url: http://k, username: u, password: p, project_id: t, default_domain: d, user_domain_name: U}',
      {
        kind: 'password',
        password: {
          user: { name: 'u', domain: { name: 'U' } },
          password: 'p',
          project: { id: 't', domain: { id: 'd' } },
        },
      },
    ],
  ])('{%s} is understood', async (entry, auth) => {
    const { clouds, broken } = await read(`clouds: {a: {${entry}}}`);
    expect(broken).toEqual([]);
    expect(clouds[0]?.auth).toEqual(auth);
  });

  test('gets what secure.yaml has of it, at any depth', async () => {
    const without = passwordEntry.replace('      password: 0012\n', '');
    const { clouds } = await read(without, 'clouds: {north: {auth: {password: hidden}}}');
    expect(clouds[0]?.auth).toMatchObject({ password: { password: 'hidden', user: { name: 'demo' } } });
  });

  test('has what its profile says, where it says nothing itself', async () => {
    const profiles = 'public-clouds: {vendor: {auth: {auth_url: https://vendor/v3}, interface: internal}}';
    const entry = 'clouds: {a: {profile: vendor, interface: admin, auth: {token: t}}}';
    const { clouds } = await read(entry, undefined, profiles);
    expect(clouds[0]).toMatchObject({ authUrl: 'https://vendor/v3', interface: 'admin' });
  });

  test('needs no profile that only openstacksdk knows where it says its Keystone itself', async () => {
    const { clouds } = await read('clouds: {a: {profile: ovh, auth: {auth_url: http://k, token: t}}}');
    expect(clouds[0]).toMatchObject({ authUrl: 'http://k' });
  });

  test('may be made of anchors, as people write them', async () => {
    const { clouds } = await read(
      'x: &d {auth_url: http://k, token: t}\nclouds: {a: {auth: {<<: *d, project_id: p}}}',
    );
    expect(clouds[0]?.auth).toEqual({ kind: 'token', token: 't', scope: { id: 'p' } });
  });

  test.each([
    ['auth: {token: t}', 'auth_url is not set'],
    ['auth: {auth_url: ftp://k, token: t}', 'auth_url is not a URL of http or https'],
    ['auth: {auth_url: http://k}', 'username is not set'],
    ['auth: {auth_url: http://k, username: null}', 'username is not set'],
    ['auth: {auth_url: http://k, username: u}', 'password is not set'],
    ['auth: {auth_url: http://k, user_id: u}', 'password is not set'],
    ['auth: {auth_url: http://k, user_id: u, password: s}', 'project_name or project_id is not set'],
    ['auth: {auth_url: http://k, password: [s]}', 'username is not set'],
    ['auth: {auth_url: http://k, token: {s: s}}', 'token is not a text'],
    [
      'auth_type: v3oidcpassword, auth: {auth_url: http://k}',
      'auth_type v3oidcpassword is none of v3applicationcredential, password, v3password, token, v3token',
    ],
    [
      'auth: {auth_url: http://k, token: s}, interface: secret',
      'interface secret is none of public, internal, admin',
    ],
    [
      'auth: {auth_url: http://k, token: s}, verify: false',
      'verify is off, and certificates are always verified; cacert names the PEM file of a private CA',
    ],
    ['profile: vexxhost, auth: {token: s}', 'profile is in no clouds-public.yaml'],
  ])('{%s} is broken, and no other is', async (entry, problem) => {
    const { clouds, broken } = await read(
      `clouds: {a: {${entry}, region_name: NORTH}, b: {auth: {auth_url: http://k, token: t}}}`,
    );
    expect(clouds.map(({ name }) => name)).toEqual(['b']);
    const where = '/etc/openstack/clouds.yaml, cloud a:';
    expect(broken).toHaveLength(1);
    expect(broken[0]).toMatchObject({ name: 'a', regionName: 'NORTH', problem: `${where} ${problem}` });
  });
});

test('an entry without credentials still says where its Keystone is', async () => {
  const { broken } = await read('clouds: {a: {auth: {auth_url: http://k}, cacert: /ca.pem, region_name: R}}');
  expect(broken[0]).toMatchObject({ regionName: 'R', authUrl: 'http://k', cacert: '/ca.pem' });
});

describe('a file', () => {
  test.each([
    ['clouds: {a: *very-secret}', 'an alias that is not defined, or too many of them'],
    ['clouds:\n  a:\n    auth: {password: "very-secret}\n', 'line 4, MISSING_CHAR'],
    ['clouds: {a: {x: very-secret}, a: {y: z}}', 'line 1, DUPLICATE_KEY'],
    ['- very-secret', 'it is not a mapping'],
  ])('%j that is no YAML is refused with the place, and nothing that stands there', async (text, at) => {
    const error = await read(text).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({
      code: 'misconfigured',
      message: `/etc/openstack/clouds.yaml is not valid YAML: ${at}`,
    });
    expect(JSON.stringify(error)).not.toContain('very-secret');
  });

  test('of another form is refused', async () => {
    await expect(read('clouds: [a]')).rejects.toThrow('/etc/openstack/clouds.yaml: clouds is not a mapping');
  });

  test.each(['', 'clouds:', '{}', '# nothing'])('%j without entries has none', async (text) => {
    expect(await read(text)).toEqual({ clouds: [], broken: [] });
  });

  test('may be JSON', async () => {
    const entry = { auth: { auth_url: 'http://k', token: 't' } };
    expect((await read(JSON.stringify({ clouds: { a: entry } }))).clouds).toHaveLength(1);
  });
});

test('whatever a file says, no message repeats a secret of it', async () => {
  const secret = 'Xq7-very-secret';
  const field = fc.constantFrom(
    'password',
    'token',
    'application_credential_secret',
    'auth_url',
    'username',
    'extra',
  );
  const value = fc.constantFrom(
    secret,
    `"${secret}"`,
    `*${secret}`,
    `[${secret}`,
    `@${secret}`,
    `{${secret}: x}`,
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(field, value), { maxLength: 5 }), async (fields) => {
      const text = `clouds:\n  a:\n    auth:\n${fields.map(([name, one]) => `      ${name}: ${one}\n`).join('')}`;
      const said = await read(text).then(
        ({ broken }) => JSON.stringify(broken),
        (error: Error) => error.message,
      );
      expect(said).not.toContain(secret);
    }),
  );
});
