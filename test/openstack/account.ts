import { randomUUID } from 'node:crypto';
import { ask, passwordLogin } from '../contract/client.ts';
import type { Account } from '../contract/cloud.ts';

interface Service {
  readonly type: string;
  readonly endpoints: { readonly interface: string; readonly region: string; readonly url: string }[];
}

/** A variable of the environment. @throws Error when it is not set */
export const setting = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: see the top of test/openstack/openstack-import.test.ts`);
  return value;
};

/** @param prefix `OS_` or `OTHER_` */
export const account = (prefix: string): Account => ({
  userName: setting(`${prefix}USERNAME`),
  password: setting(`${prefix}PASSWORD`),
  projectName: setting(`${prefix}PROJECT_NAME`),
});

/** A fresh token of an account. @param authUrl of another Keystone of the same cloud */
export const tokenOf = async (owner: Account, authUrl = setting('OS_AUTH_URL')): Promise<string> => {
  const answer = await ask('POST', `${authUrl}/auth/tokens`, { json: passwordLogin(owner) });
  const token = answer.headers.get('x-subject-token');
  if (!token) throw new Error(`${owner.userName} cannot sign in: ${answer.status} ${answer.text}`);
  return token;
};

/** The public image endpoint of a region, without a version. @param authUrl of another cloud's Keystone */
export const imageEndpoint = async (
  token: string,
  region: string,
  authUrl = setting('OS_AUTH_URL'),
): Promise<string> => {
  const answer = await ask('GET', `${authUrl}/auth/catalog`, { token });
  const catalog = answer.field('catalog') as Service[];
  const endpoints = catalog.find(({ type }) => type === 'image')?.endpoints ?? [];
  const found = endpoints.find((one) => one.region === region && one.interface === 'public');
  if (!found) throw new Error(`the catalog has no public image endpoint in ${region}`);
  return found.url.replace(/\/(v2\/?)?$/, '');
};

/** An application credential of an account, with all its roles, and a token that it gave. @param authUrl of its Keystone */
export const newApplicationCredential = async (owner: Account, authUrl = setting('OS_AUTH_URL')) => {
  const token = await tokenOf(owner, authUrl);
  const self = await ask('GET', `${authUrl}/auth/tokens`, { token, headers: { 'X-Subject-Token': token } });
  const { user } = self.field('token') as { user: { id: string } };
  const url = `${authUrl}/users/${user.id}/application_credentials`;
  const name = `glance-ferry test ${randomUUID()}`;
  const json = { application_credential: { name } };
  const created = (await ask('POST', url, { token, json })).field('application_credential');
  const { id, secret } = created as { id: string; secret: string };
  const identity = { methods: ['application_credential'], application_credential: { id, secret } };
  const answer = await ask('POST', `${authUrl}/auth/tokens`, { json: { auth: { identity } } });
  return {
    id,
    name,
    secret,
    token: answer.headers.get('x-subject-token') ?? '',
    remove: () => ask('DELETE', `${url}/${id}`, { token }),
  };
};
