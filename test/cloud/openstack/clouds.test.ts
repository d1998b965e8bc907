import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OpenStack, startOpenStack } from './openstack.ts';
import { formats, hello } from './use-openstack.ts';

// Two clouds that know nothing of each other, as an operator has them whose regions share no Keystone.

let dataDir: string;
let home: OpenStack<'REGION1'>;
let away: OpenStack<'NORTH'>;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'clouds-'));
  home = await startOpenStack({ dataDir, regions: ['REGION1'] });
  away = await startOpenStack({ dataDir, regions: ['NORTH'], cloud: 'away' });
});
afterAll(async () => {
  await Promise.all([home.stop(), away.stop()]);
  await rm(dataDir, { recursive: true });
});

const signIn = async ({ authUrl }: { readonly authUrl: string }) => {
  const user = { name: 'demo', password: 'demo-secret', domain: { id: 'default' } };
  const identity = { methods: ['password'], password: { user } };
  const scope = { project: { name: 'demo', domain: { id: 'default' } } };
  const answer = await fetch(`${authUrl}/auth/tokens`, {
    method: 'POST',
    body: JSON.stringify({ auth: { identity, scope } }),
  });
  const { token } = (await answer.json()) as { token: { user: { id: string }; project: { id: string } } };
  return { token, id: answer.headers.get('x-subject-token') ?? '' };
};

test('a user of the same name and password is another one, in another project', async () => {
  const [one, other] = [(await signIn(home)).token, (await signIn(away)).token];
  expect(one.user.id).not.toBe(other.user.id);
  expect(one.project.id).not.toBe(other.project.id);
});

test('a token of one cloud is none in the other', async () => {
  const { id: imageId } = await away.regions.NORTH.createImage(formats, hello);
  const file = `${away.regions.NORTH.url}/v2/images/${imageId}/file`;
  const [foreign, own] = [(await signIn(home)).id, (await signIn(away)).id];
  const get = async (token: string) => (await fetch(file, { headers: { 'X-Auth-Token': token } })).status;
  expect([await get(foreign), await get(own)]).toEqual([401, 200]);

  const headers = { 'X-Auth-Token': own, 'X-Subject-Token': foreign };
  expect((await fetch(`${away.authUrl}/auth/tokens`, { headers })).status).toBe(404);
});

test('each has a catalog of its own regions', async () => {
  const token = away.issueToken('demo');
  const headers = { 'X-Auth-Token': token, 'X-Subject-Token': token };
  const text = await (await fetch(`${away.authUrl}/auth/tokens`, { headers })).text();
  expect(text).toContain(away.regions.NORTH.url);
  expect(text).not.toContain('REGION1');
});
