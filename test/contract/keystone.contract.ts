import { describe, expect, test } from 'vitest';
import { ask, passwordLogin, signIn } from './client.ts';
import type { ContractCloud } from './cloud.ts';

interface TokenBody {
  readonly methods: string[];
  readonly project: { id: string; name: string };
  readonly catalog: { type: string; endpoints: { interface: string; region: string; url: string }[] }[];
  readonly expires_at: string;
}

const tokenOf = (answer: { field(name: string): unknown }): TokenBody => answer.field('token') as TokenBody;
const errorOf = (answer: { field(name: string): unknown }) => answer.field('error');
const refused = {
  code: 401,
  message: 'The request you have made requires authentication.',
  title: 'Unauthorized',
};

export function keystoneContract(cloudOf: () => ContractCloud): void {
  const tokens = () => `${cloudOf().authUrl}/auth/tokens`;
  const login = (body: unknown) => ask('POST', tokens(), { json: body });
  const validate = (token: string | undefined, subject: string, method = 'GET', query = '') =>
    ask(method, tokens() + query, {
      ...(token === undefined ? {} : { token }),
      headers: { 'X-Subject-Token': subject },
    });

  test('the version documents lead from / to /v3', async () => {
    const root = new URL(cloudOf().authUrl).origin;
    const [all, v3] = [await ask('GET', `${root}/`), await ask('GET', `${root}/v3`)];
    expect([all.status, v3.status]).toEqual([300, 200]);
    expect(v3.field('version')).toMatchObject({
      status: 'stable',
      links: [{ rel: 'self', href: `${root}/v3/` }],
    });
  });

  describe('signing in', () => {
    test('answers 201 with the token in a header and the catalog of all regions in the body', async () => {
      const answer = await login(passwordLogin(cloudOf().owner));
      expect(answer.status).toBe(201);
      expect(answer.headers.get('x-subject-token')).toMatch(/^gAAAAA/);
      expect(answer.headers.get('vary')).toBe('X-Auth-Token');
      const token = tokenOf(answer);
      expect(token.methods).toEqual(['password']);
      expect(token.project.name).toBe(cloudOf().owner.projectName);
      expect(token.expires_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
      const image = token.catalog.find(({ type }) => type === 'image');
      expect(new Set(image?.endpoints.map((one) => one.interface))).toEqual(
        new Set(['public', 'internal', 'admin']),
      );
      expect(image?.endpoints.map((one) => one.url)).toContain(cloudOf().glanceUrl);
    });

    test('without a scope gives a token without project, roles and catalog', async () => {
      const { userName: name, password } = cloudOf().owner;
      const user = { name, domain: { name: 'Default' }, password };
      const answer = await login({ auth: { identity: { methods: ['password'], password: { user } } } });
      expect(answer.status).toBe(201);
      expect(Object.keys(tokenOf(answer)).sort()).toEqual(
        ['audit_ids', 'expires_at', 'issued_at', 'methods', 'user'].sort(),
      );
    });

    test.for<[string, (cloud: ContractCloud) => unknown]>([
      ['a wrong password', ({ owner }) => passwordLogin({ ...owner, password: 'wrong' })],
      ['an unknown user', ({ owner }) => passwordLogin({ ...owner, userName: 'nosuch' })],
      [
        "somebody else's project",
        ({ owner, other }) => passwordLogin({ ...owner, projectName: other.projectName }),
      ],
    ])('%s is refused with 401', async ([, body]) => {
      const answer = await login(body(cloudOf()));
      expect([answer.status, errorOf(answer)]).toEqual([401, refused]);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Keystone uri="http.*\/v3"$/);
    });

    test('an unknown application credential answers 404', async () => {
      const application_credential = { id: 'nosuch', secret: 'x' };
      const identity = { methods: ['application_credential'], application_credential };
      const answer = await login({ auth: { identity } });
      expect(errorOf(answer)).toEqual({
        ...{ code: 404, message: 'Could not find Application Credential: nosuch.', title: 'Not Found' },
      });
    });

    test('malformed JSON answers 400, as does a body without identity', async () => {
      const headers = { 'Content-Type': 'application/json' };
      const malformed = await ask('POST', tokens(), { headers, body: '{nonsense' });
      expect(malformed.status).toBe(400);
      const incomplete = await login({ auth: {} });
      expect(incomplete.status).toBe(400);
      expect(errorOf(incomplete)).toMatchObject({ title: 'Bad Request' });
      expect(incomplete.text).toContain("'identity' is a required property");
    });

    test('an unknown method is refused, and so is one without its part', async () => {
      const unknown = await login({ auth: { identity: { methods: ['telepathy'], telepathy: {} } } });
      expect(unknown.status).toBe(401);
      expect(errorOf(unknown)).toMatchObject({
        message: 'Attempted to authenticate with an unsupported method.',
        identity: { methods: expect.arrayContaining(['password', 'token', 'application_credential']) },
      });
      const partless = await login({ auth: { identity: { methods: ['password'] } } });
      expect(partless.status).toBe(400);
      expect(errorOf(partless)).toMatchObject({
        message: expect.stringMatching(/^Expecting to find password in identity\. The server could not/),
      });
      expect((await login({ auth: { identity: { methods: [] } } })).status).toBe(401);
    });
  });

  describe('validating', () => {
    test('a token may ask about itself', async () => {
      const { token, projectId } = await signIn(cloudOf(), cloudOf().owner);
      const answer = await validate(token, token);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('x-subject-token')).toBe(token);
      expect(tokenOf(answer).project.id).toBe(projectId);
      expect(tokenOf(answer).catalog.length).toBeGreaterThan(0);
      expect(tokenOf(await validate(token, token, 'GET', '?nocatalog')).catalog).toBeUndefined();
      const head = await validate(token, token, 'HEAD');
      expect([head.status, head.text]).toEqual([200, '']);
    });

    test('of an unknown token answers 404, by an unknown token 401, of another’s 403', async () => {
      const { token } = await signIn(cloudOf(), cloudOf().owner);
      const { token: others } = await signIn(cloudOf(), cloudOf().other);
      const unknown = await validate(token, 'nonsense');
      expect(errorOf(unknown)).toEqual({
        ...{ code: 404, message: 'Could not recognize Fernet token', title: 'Not Found' },
      });
      expect(errorOf(await validate('nonsense', token))).toEqual(refused);
      expect(errorOf(await validate(undefined, token))).toEqual(refused);
      expect(errorOf(await validate(token, others))).toEqual({
        code: 403,
        message: 'You are not authorized to perform the requested action: identity:validate_token.',
        title: 'Forbidden',
      });
    });

    test('a revoked token is worth nothing', async () => {
      const { token } = await signIn(cloudOf(), cloudOf().owner);
      expect((await validate(token, token, 'DELETE')).status).toBe(204);
      expect((await validate(token, token)).status).toBe(401);
    });
  });
}
