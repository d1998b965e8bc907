import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type { Cloud } from '../../../lib/clouds/cloud.ts';
import { createOpenStackHttp } from '../../../lib/openstack/http.ts';
import { type OpenStack, startOpenStack } from '../../cloud/openstack/openstack.ts';

export const http = createOpenStackHttp({ stallMs: 1000 });
export const { signal } = new AbortController();

export interface TwoClouds {
  readonly home: OpenStack<'REGION1' | 'REGION2'>;
  readonly away: OpenStack<'NORTH'>;
}

/** Two clouds that know nothing of each other, for the tests of one file. */
export const useTwoClouds = (): (() => TwoClouds) => {
  let dataDir: string;
  let both: TwoClouds;
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'unit-clouds-'));
    const home = await startOpenStack({ dataDir, regions: ['REGION1', 'REGION2'] });
    both = { home, away: await startOpenStack({ dataDir, regions: ['NORTH'], cloud: 'away' }) };
  });
  afterAll(async () => {
    await Promise.all([both.home.stop(), both.away.stop()]);
    await rm(dataDir, { recursive: true });
  });
  return () => both;
};

/** An entry of user `demo`, by application credential. */
export const entryOf = (
  { authUrl, keystone }: Pick<OpenStack, 'authUrl' | 'keystone'>,
  own: Partial<Cloud> & { readonly name: string },
): Cloud => {
  const found = keystone.accounts.applicationCredentials.find(({ user }) => user.name === 'demo');
  const { id = '', secret = '' } = found ?? {};
  return {
    ...{ authUrl, interface: 'public' },
    auth: { kind: 'application-credential', credential: { id, secret } },
    ...own,
  };
};
