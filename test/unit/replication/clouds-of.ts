import type { Cloud, Clouds } from '../../../lib/clouds/cloud.ts';
import { createClouds } from '../../../lib/clouds/create-clouds.ts';
import { createOpenStackHttp } from '../../../lib/openstack/http.ts';
import type { OpenStack } from '../../cloud/openstack/openstack.ts';

const http = createOpenStackHttp({ stallMs: 1000 });

/** The regions of an emulated cloud, as its admin, or another user, has them. */
export const cloudsOf = (
  { authUrl, keystone }: Pick<OpenStack, 'authUrl' | 'keystone'>,
  userName = 'admin',
): Clouds => {
  const credential = keystone.accounts.applicationCredentials.find(({ user }) => user.name === userName);
  const { id = '', secret = '' } = credential ?? {};
  const entry: Cloud = {
    ...{ name: 'envvars', authUrl, interface: 'public' },
    auth: { kind: 'application-credential', credential: { id, secret } },
  };
  return createClouds({ http, entries: () => Promise.resolve({ clouds: [entry], broken: [] }) });
};
