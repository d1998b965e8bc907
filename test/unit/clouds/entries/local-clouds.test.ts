import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { localClouds } from '../../../../lib/clouds/entries/local-clouds.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'local-clouds-'));
});
afterEach(() => rm(root, { recursive: true }));

const write = async (path: string, text: string): Promise<string> => {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
};
const entry = (name: string, more = '') => `${name}: {auth: {auth_url: http://${name}, token: t}${more}}`;
const here = (env: Record<string, string> = {}) => ({
  env,
  cwd: join(root, 'cwd'),
  home: join(root, 'home'),
});
const openrc = { OS_AUTH_URL: 'http://rc', OS_TOKEN: 't', OS_REGION_NAME: 'REGION2' };

describe('the clouds of who works here', () => {
  test('are those of the first clouds.yaml on the way', async () => {
    await write('home/.config/openstack/clouds.yaml', `clouds: {${entry('mine')}}`);
    expect((await localClouds(here())).chosen).toBe('mine');
    await write('cwd/clouds.yml', `clouds: {${entry('near')}}`);
    expect((await localClouds(here())).clouds.map(({ name }) => name)).toEqual(['near']);
    const OS_CLIENT_CONFIG_FILE = await write('elsewhere.yaml', `clouds: {${entry('named')}}`);
    expect((await localClouds(here({ OS_CLIENT_CONFIG_FILE }))).chosen).toBe('named');
  });

  test('are those of secure.yaml, too', async () => {
    await write('cwd/clouds.yaml', 'clouds: {a: {auth: {auth_url: http://a}}}');
    await write('home/.config/openstack/secure.yaml', 'clouds: {a: {auth: {token: hidden}}}');
    expect((await localClouds(here())).clouds[0]?.auth).toMatchObject({ token: 'hidden' });
  });

  test('have the chosen one first, and its region', async () => {
    await write('cwd/clouds.yaml', `clouds: {${entry('a')}, ${entry('b', ', region_name: NORTH')}}`);
    const chosen = await localClouds(here({ OS_CLOUD: 'a' }), 'b');
    expect(chosen).toMatchObject({ chosen: 'b', region: 'NORTH' });
    expect(chosen.clouds.map(({ name }) => name)).toEqual(['b', 'a']);
    expect(await localClouds(here({ OS_CLOUD: 'a', OS_REGION_NAME: 'SOUTH' }))).toMatchObject({
      ...{ chosen: 'a', region: 'SOUTH' },
    });
  });

  test('are an openrc’s, whose region is no limit, with those of clouds.yaml behind it', async () => {
    await write('cwd/clouds.yaml', `clouds: {${entry('a')}, ${entry('b')}}`);
    const { clouds, chosen, region } = await localClouds(here(openrc));
    expect({ chosen, region }).toEqual({ chosen: 'envvars', region: 'REGION2' });
    expect(clouds.map(({ name }) => name)).toEqual(['envvars', 'a', 'b']);
    expect(clouds[0]).not.toHaveProperty('regionName');
    expect((await localClouds(here({ ...openrc, OS_CLOUD: 'a' }))).clouds.map(({ name }) => name)).toEqual([
      'a',
      'b',
    ]);
  });

  test.each<[string, Record<string, string>, string]>([
    [
      'nothing',
      {},
      'No cloud is chosen, by --os-cloud or OS_CLOUD; neither OS_AUTH_URL nor a clouds.yaml is there',
    ],
    ['half an openrc', { OS_AUTH_URL: 'http://rc' }, 'The environment: OS_USERNAME is not set'],
    [
      'an openrc without a project',
      { OS_AUTH_URL: 'http://rc', OS_USERNAME: 'u', OS_PASSWORD: 'p' },
      'The environment: OS_PROJECT_NAME or OS_PROJECT_ID is not set',
    ],
    [
      'a file that is not there',
      { OS_CLIENT_CONFIG_FILE: '/nowhere.yaml' },
      'OS_CLIENT_CONFIG_FILE names /nowhere.yaml, which is not there',
    ],
    ['a cloud that is not there', { ...openrc, OS_CLOUD: 'c' }, 'There is no cloud c; there are: none'],
  ])('of %s are refused with what to do', async (_, env, message) => {
    await expect(localClouds(here(env))).rejects.toMatchObject({ code: 'misconfigured', message });
  });

  test('of several entries need a choice, and only the chosen one has to be right', async () => {
    await write('cwd/clouds.yaml', `clouds: {${entry('a')}, b: {auth: {auth_url: http://b}}}`);
    await expect(localClouds(here())).rejects.toThrow('there are: a, b');
    expect((await localClouds(here({ OS_CLOUD: 'a' }))).chosen).toBe('a');
    await expect(localClouds(here({ OS_CLOUD: 'b' }))).rejects.toThrow('cloud b: username is not set');
  });

  test('leave out other accounts at the chosen one’s Keystone: who is chosen is who one is there', async () => {
    const others = [
      ...[entry('x'), 'same: {auth: {auth_url: http://rc/v3/, token: t}, region_name: SOUTH}'],
      'other: {auth: {auth_url: http://rc/v3, token: u}, region_name: REGION3}',
      'wrong: {auth: {auth_url: http://rc}, region_name: REGION3}',
    ];
    await write('cwd/clouds.yaml', `clouds: {${others.join(', ')}}`);
    const { clouds, broken } = await localClouds(here(openrc));
    expect(clouds.map(({ name }) => name)).toEqual(['envvars', 'x', 'same']);
    expect(broken).toEqual([]);
  });

  test('leave out what another cloud calls the region that one starts from', async () => {
    const [there, elsewhere] = [entry('there', ', region_name: region2'), entry('north', ', region_name: N')];
    await write('cwd/clouds.yaml', `clouds: {${there}, ${elsewhere}, ${entry('own')}}`);
    expect((await localClouds(here(openrc))).clouds.map(({ name }) => name)).toEqual([
      ...['envvars', 'north', 'own'],
    ]);
    expect((await localClouds(here({ OS_CLOUD: 'own' }))).clouds).toHaveLength(3);
    const named = { OS_CLOUD: 'own', OS_REGION_NAME: 'REGION2' };
    expect((await localClouds(here(named))).clouds.map(({ name }) => name)).toEqual(['own', 'north']);
  });

  test('are an openrc’s although a clouds.yaml is another user’s alone', async () => {
    const file = await write('cwd/clouds.yaml', `clouds: {${entry('hidden')}}`);
    await chmod(file, 0o000);
    await chmod(root, 0o755);
    const isRoot = process.getuid?.() === 0;
    if (isRoot) process.seteuid?.(65_534);
    try {
      expect((await localClouds(here(openrc))).clouds.map(({ name }) => name)).toEqual(['envvars']);
      await expect(localClouds(here({ OS_CLIENT_CONFIG_FILE: file }))).rejects.toThrow(
        `${file} cannot be read: EACCES`,
      );
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });

  test('are filled in by the environment where the named entry leaves password, CA and interface open', async () => {
    const user = (more = '') =>
      `{auth: {auth_url: http://k, username: u, project_name: p${more}}, region_name: R`;
    const open = { OS_PASSWORD: 'of-env', OS_CACERT: '/env.pem', OS_INTERFACE: 'internal' };
    const own = 'cacert: /own.pem, endpoint_type: adminURL';
    await write('cwd/clouds.yaml', `clouds: {open: ${user()}}, said: ${user(', password: own')}, ${own}}}`);
    const filled = await localClouds(here({ ...open, OS_CLOUD: 'open' }));
    expect(filled.clouds[0]).toMatchObject({
      ...{ auth: { password: { password: 'of-env' } }, cacert: '/env.pem', interface: 'internal' },
    });
    const said = await localClouds(here({ ...open, OS_CLOUD: 'said' }));
    expect(said.clouds[0]).toMatchObject({
      ...{ auth: { password: { password: 'own' } }, cacert: '/own.pem', interface: 'admin' },
    });
    expect(said.broken).toEqual([]);
  });
});
