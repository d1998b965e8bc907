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

/** A fresh token of an account. */
export const tokenOf = async (owner: Account): Promise<string> => {
  const answer = await ask('POST', `${setting('OS_AUTH_URL')}/auth/tokens`, { json: passwordLogin(owner) });
  const token = answer.headers.get('x-subject-token');
  if (!token) throw new Error(`${owner.userName} cannot sign in: ${answer.status} ${answer.text}`);
  return token;
};

/** The public image endpoint of a region, without a version. */
export const imageEndpoint = async (token: string, region: string): Promise<string> => {
  const answer = await ask('GET', `${setting('OS_AUTH_URL')}/auth/catalog`, { token });
  const catalog = answer.field('catalog') as Service[];
  const endpoints = catalog.find(({ type }) => type === 'image')?.endpoints ?? [];
  const found = endpoints.find((one) => one.region === region && one.interface === 'public');
  if (!found) throw new Error(`the catalog has no public image endpoint in ${region}`);
  return found.url.replace(/\/(v2\/?)?$/, '');
};
