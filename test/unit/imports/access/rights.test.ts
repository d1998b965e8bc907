import { describe, expect, test } from 'vitest';
import type { Session } from '../../../../lib/clouds/cloud.ts';
import { FerryError } from '../../../../lib/errors.ts';
import { createRights } from '../../../../lib/imports/access/rights.ts';
import type { ImageId, Token } from '../../../../lib/schemas/ids.ts';
import type { Task } from '../../../../lib/state/task.ts';
import { taskFixture } from '../task-fixture.ts';

const { signal } = new AbortController();
const token = 'mine' as Token;
const source = {
  kind: 'glance-download',
  region: 'NORTH',
  interface: 'public',
  imageId: '11111111-1111-1111-1111-111111111111' as ImageId,
  endpoint: 'http://north',
} as const;

const misconfigured = new FerryError('misconfigured', 'There is no cloud south (any more)');
const sessionOf = (headers: Session['credentials']['headers']): Session => ({
  cloud: {
    ...{ name: '', authUrl: 'http://k', interface: 'public' },
    auth: { kind: 'token', token, scope: {} },
  },
  identity: () => Promise.reject(new Error('nobody asks')),
  token: () => Promise.reject(new Error('nobody asks')),
  credentials: { headers, replace: () => true },
});
/** Sessions of `` and `north`; `broken` has one that gets no token. */
const clouds = {
  session: async (name: string): Promise<Session> => {
    if (name === 'broken') return sessionOf(() => Promise.reject(misconfigured));
    if (name !== '' && name !== 'north') throw misconfigured;
    return sessionOf(async () => ({ 'x-auth-token': `of cloud "${name}"` }));
  },
};
const keystone = { serviceToken: async () => 'service' as Token, dropServiceToken: () => {} };
const rightsOf = createRights({ clouds, keystone });

const tokensOf = async (task: Task, secrets: Parameters<typeof rightsOf>[1]) => {
  const { target, source: from } = await rightsOf(task, secrets, { signal });
  const [there, here] = [await target.headers({ signal }), await from.headers({ signal })];
  return {
    target: [there['x-auth-token'], there['x-service-token']],
    source: [here['x-auth-token'], here['x-service-token']],
  };
};

describe('the rights of an import', () => {
  test('are its caller’s, with the service user’s beside them', async () => {
    const both = ['mine', 'service'];
    expect(await tokensOf({ ...taskFixture(), source }, { token })).toEqual({ target: both, source: both });
  });

  test('are its caller’s alone where the target is in another cloud, which knows no service user', async () => {
    const task = { ...taskFixture(), source, isOfOtherCloud: true } as const;
    const alone = ['mine', undefined];
    expect(await tokensOf(task, { token })).toEqual({ target: alone, source: alone });
    const sourceToken = 'theirs' as Token;
    expect(await tokensOf(task, { token, sourceToken })).toEqual({
      ...{ target: alone, source: ['theirs', undefined] },
    });
  });

  test('are those of two tokens of a caller, of which the source’s cloud knows no service user', async () => {
    const secrets = { token, sourceToken: 'theirs' as Token };
    expect(await tokensOf({ ...taskFixture(), source }, secrets)).toEqual({
      target: ['mine', 'service'],
      source: ['theirs', undefined],
    });
  });

  test('are those of two clouds of the deployment', async () => {
    const task: Task = { ...taskFixture(), cloud: '', source: { ...source, cloud: 'north' } };
    expect(await tokensOf(task, {})).toEqual({
      target: ['of cloud ""', undefined],
      source: ['of cloud "north"', undefined],
    });
  });

  test.each(['gone', 'broken'])('are refused, for this import alone, when its cloud is %s', async (name) => {
    const task: Task = { ...taskFixture(), cloud: '', source: { ...source, cloud: name } };
    await expect(tokensOf(task, {})).rejects.toMatchObject({
      code: 'unauthorized',
      message: misconfigured.message,
    });
  });

  test('are there at the target though the source’s cloud is gone: not every step reads the source', async () => {
    const task: Task = { ...taskFixture(), cloud: '', source: { ...source, cloud: 'gone' } };
    const { target } = await rightsOf(task, {}, { signal });
    expect(await target.headers({ signal })).toEqual({ 'x-auth-token': 'of cloud ""' });
  });

  test('at a source are renewed where it takes a token no more', async () => {
    const task: Task = { ...taskFixture(), cloud: '', source: { ...source, cloud: 'north' } };
    const { source: from } = await rightsOf(task, {}, { signal });
    expect(from.replace({})).toBe(false);
    expect(from.replace(await from.headers({ signal }))).toBe(true);
  });

  test('are refused where the target’s cloud is gone: nothing is to be copied that cannot be given', async () => {
    const task: Task = { ...taskFixture(), cloud: 'gone', source: { ...source, cloud: 'north' } };
    await expect(rightsOf(task, {}, { signal })).rejects.toMatchObject({ code: 'unauthorized' });
  });

  describe('whose service user is refused', () => {
    const ofRefused = createRights({
      clouds,
      keystone: { ...keystone, serviceToken: () => Promise.reject(misconfigured) },
    });

    test('begin nothing that the caller’s token may not outlast', async () => {
      await expect(ofRefused(taskFixture(), { token }, { signal })).rejects.toBe(misconfigured);
    });

    test('are the caller’s alone for what is over soon, as a rollback is', async () => {
      const { target } = await ofRefused(taskFixture(), { token }, { signal, mayLackServiceUser: true });
      const headers = await target.headers({ signal });
      expect([headers['x-auth-token'], headers['x-service-token']]).toEqual(['mine', undefined]);
    });
  });

  test('are none without a token and without a cloud', async () => {
    await expect(tokensOf(taskFixture(), {})).rejects.toMatchObject({ code: 'unauthorized' });
  });
});
