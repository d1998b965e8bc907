import { afterEach, expect, test, vi } from 'vitest';
import { applicationCredentials } from './keystone/fixture.ts';
import { formats, hello, useOpenStack } from './use-openstack.ts';

const use = useOpenStack();
const source = () => use().cloud.regions.REGION1;

const get = async (token: string, serviceToken?: string): Promise<number> => {
  const { id } = await source().createImage(formats, hello);
  const service: Record<string, string> = serviceToken ? { 'X-Service-Token': serviceToken } : {};
  const headers = { 'X-Auth-Token': token, ...service };
  return (await fetch(`${source().url}/v2/images/${id}/file`, { headers })).status;
};

test('an expired token is good beside the token of a service, and of nobody else', async () => {
  const token = use().cloud.issueToken('demo');
  use().cloud.keystone.tokens.expire(token);
  const expiredService = use().cloud.issueToken('svc');
  use().cloud.keystone.tokens.expire(expiredService);
  expect(await get(token)).toBe(401);
  expect(await get(token, use().cloud.issueToken('svc'))).toBe(200);
  expect(await get(token, use().cloud.issueToken('demo'))).toBe(401);
  expect(await get(token, expiredService)).toBe(401);
  expect(await get(use().cloud.issueToken('demo'), 'nonsense')).toBe(200);
});

afterEach(() => void vi.useRealTimers());

test('a lifetime runs out', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const token = use().cloud.issueToken('demo', 60);
  vi.setSystemTime(Date.now() + 59_000);
  expect(await get(token)).toBe(200);
  vi.setSystemTime(Date.now() + 2_000);
  expect(await get(token)).toBe(401);
});

test('a service may validate an expired token of somebody else, a user not even its own', async () => {
  const subject = use().cloud.issueToken('demo');
  use().cloud.keystone.tokens.expire(subject);
  const validate = async (token: string, query: string): Promise<number> => {
    const headers = { 'X-Auth-Token': token, 'X-Subject-Token': subject };
    return (await fetch(`${use().cloud.authUrl}/auth/tokens${query}`, { headers })).status;
  };
  expect(await validate(use().cloud.issueToken('svc'), '')).toBe(404);
  expect(await validate(use().cloud.issueToken('svc'), '?allow_expired=1')).toBe(200);
  expect(await validate(subject, '?allow_expired=1')).toBe(401);
});

test('an application credential signs in for its project', async () => {
  const credential = applicationCredentials.find(({ name }) => name === 'demo-ac');
  const application_credential = { id: credential?.id, secret: credential?.secret };
  const identity = { methods: ['application_credential'], application_credential };
  const answer = await fetch(`${use().cloud.authUrl}/auth/tokens`, {
    method: 'POST',
    body: JSON.stringify({ auth: { identity } }),
  });
  expect(answer.status).toBe(201);
  expect(await get(answer.headers.get('x-subject-token') ?? '')).toBe(200);
});
