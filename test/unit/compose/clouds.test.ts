import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { composeCloudEntries } from '../../../lib/compose/clouds.ts';
import { loadConfig } from '../../../lib/config.ts';

let dir: string;
let OS_CLIENT_CONFIG_FILE: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'compose-clouds-'));
  OS_CLIENT_CONFIG_FILE = join(dir, 'clouds.yaml');
});
afterEach(() => rm(dir, { recursive: true }));

const needed = { OS_AUTH_URL: 'http://own', OS_REGION_NAME: 'R', OS_INTERFACE: 'internal' };
const credential = { OS_APPLICATION_CREDENTIAL_ID: 'i', OS_APPLICATION_CREDENTIAL_SECRET: 's' };
const write = (name: string) =>
  writeFile(OS_CLIENT_CONFIG_FILE, `clouds: {${name}: {auth: {auth_url: http://k, token: t}}}`);

describe('the clouds of a deployment', () => {
  test('are its own, by its application credential, and those of its clouds.yaml', async () => {
    await write('north');
    const entries = composeCloudEntries(loadConfig({ ...needed, ...credential, OS_CLIENT_CONFIG_FILE }));
    const [own, north] = (await entries()).clouds;
    expect(own).toEqual({
      ...{ name: '', authUrl: 'http://own', interface: 'internal' },
      auth: { kind: 'application-credential', credential: { id: 'i', secret: 's' } },
    });
    expect(north?.name).toBe('north');
  });

  test('are none where there are none', async () => {
    expect(await composeCloudEntries(loadConfig(needed))()).toEqual({ clouds: [], broken: [] });
  });

  test('are read again when their file has changed', async () => {
    await write('north');
    const entries = composeCloudEntries(loadConfig({ ...needed, OS_CLIENT_CONFIG_FILE }));
    expect((await entries()).clouds.map(({ name }) => name)).toEqual(['north']);
    await write('south');
    expect((await entries()).clouds.map(({ name }) => name)).toEqual(['south']);
  });
});
