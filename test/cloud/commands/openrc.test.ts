import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readOpenrc } from './openrc.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'openrc-'));
});
afterAll(() => rm(dir, { recursive: true }));

async function openrc(text: string): Promise<string> {
  const file = join(dir, 'openrc');
  await writeFile(file, text);
  return file;
}

test('an openrc as Horizon writes it is read without its question for a password', async () => {
  const file = await openrc(`#!/usr/bin/env bash
export OS_AUTH_URL=https://keystone.example.org:5000/v3
export OS_PROJECT_NAME="a project"
echo "Please enter your OpenStack Password for project $OS_PROJECT_NAME: "
read -sr OS_PASSWORD_INPUT
export OS_PASSWORD=$OS_PASSWORD_INPUT
export OS_REGION_NAME="RegionOne"
if [ -z "$OS_REGION_NAME" ]; then unset OS_REGION_NAME; fi
`);
  expect(await readOpenrc(file)).toMatchObject({
    OS_AUTH_URL: 'https://keystone.example.org:5000/v3',
    OS_PROJECT_NAME: 'a project',
    OS_REGION_NAME: 'RegionOne',
  });
});

test('variables need no export', async () => {
  expect(await readOpenrc(await openrc('OS_AUTH_URL=http://k'))).toMatchObject({ OS_AUTH_URL: 'http://k' });
});

test('a file that is missing, or names no Keystone, is an error', async () => {
  await expect(readOpenrc(join(dir, 'nothing'))).rejects.toThrow();
  await expect(readOpenrc(await openrc('export OS_REGION_NAME=R'))).rejects.toThrow(
    'does not set OS_AUTH_URL',
  );
});
