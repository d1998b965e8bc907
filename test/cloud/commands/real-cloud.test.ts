import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { settingNames } from '../aws/blueprint.ts';
import { startForRealCloud } from './real-cloud.ts';

let dir: string;
let openrc: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'real-cloud-'));
  openrc = join(dir, 'openrc');
});
afterAll(() => rm(dir, { recursive: true }));
beforeEach(() => {
  vi.stubEnv('AWS_ENDPOINT_URL_S3', 'https://s3.example.org');
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'RELAY_BUCKET']) vi.stubEnv(name, 'x');
});
afterEach(() => vi.unstubAllEnvs());

const keystone = { OS_AUTH_URL: 'https://keystone.example.org/v3', OS_REGION_NAME: 'RegionOne' };
const credential = { OS_APPLICATION_CREDENTIAL_ID: 'id', OS_APPLICATION_CREDENTIAL_SECRET: 'secret' };

/** What the functions get of an openrc with these variables. */
const started = async (variables: Readonly<Record<string, string>>) => {
  await writeFile(
    openrc,
    Object.entries(variables)
      .map(([name, value]) => `export ${name}=${value}\n`)
      .join(''),
  );
  const { env, secrets, stop } = await startForRealCloud({ openrc, region: undefined, ports: {} }, dir);
  await stop();
  const arn = env['OS_APPLICATION_CREDENTIAL_SECRET_ARN'];
  return { env, serviceUser: arn && secrets.get(arn) };
};

test('an openrc without an application credential has no service user', async () => {
  const { env, serviceUser } = await started(keystone);
  expect(env).toMatchObject({
    ...keystone,
    AWS_ENDPOINT_URL_S3: 'https://s3.example.org',
    RELAY_BUCKET: 'x',
  });
  expect(serviceUser).toBeUndefined();
});

test('the application credential of an openrc is the service user, by its secret and in no variable', async () => {
  const { env, serviceUser } = await started({ ...keystone, ...credential });
  expect(serviceUser).toBe('{"id":"id","secret":"secret"}');
  expect(Object.values(env)).not.toContain('secret');
});

test('so is that of the environment', async () => {
  for (const [name, value] of Object.entries(credential)) vi.stubEnv(name, value);
  expect((await started(keystone)).serviceUser).toBe('{"id":"id","secret":"secret"}');
});

test('every setting that serverless.yml takes from the environment reaches the functions, by all of its names', async () => {
  // An openrc comes first; what is AWS's is told of the emulated services.
  const names = settingNames().filter((name) => !(name in keystone) && !name.startsWith('AWS_'));
  expect(names).toContain('OS_GLANCE_DOWNLOAD_PROPERTIES__EXTRA_PROPERTIES_PREFIXES');
  for (const name of names) vi.stubEnv(name, `my ${name}`);
  expect((await started(keystone)).env).toMatchObject(
    Object.fromEntries(names.map((name) => [name, `my ${name}`])),
  );
});
