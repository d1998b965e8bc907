import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readPolicyFiles } from '../../../../lib/replication/policy/policy-files.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'policies-'));
});
afterEach(() => rm(folder, { recursive: true }));

const policy = (name: string) => `{name: ${name}, source: {region: REGION1}, targets: [{region: REGION2}]}`;
const write = (file: string, text: string) => writeFile(join(folder, file), text);

test('each file of YAML or JSON is a policy, and nothing else is one', async () => {
  await write('b.yaml', policy('second'));
  await write(
    'a.json',
    JSON.stringify({ name: 'first', source: { region: 'R' }, targets: [{ region: 'S' }] }),
  );
  await write('README.md', '# no policy');
  await write('.hidden.yaml', 'no policy');
  const { policies, broken } = await readPolicyFiles(folder);
  expect([policies.map(({ name }) => name), broken]).toEqual([['first', 'second'], []]);
});

test('one that is broken is told by its place, and keeps no other', async () => {
  await write('a.yaml', 'name: a\nsource: {region: REGION1}\ntarget: []');
  await write('b.yaml', policy('b'));
  const { policies, broken } = await readPolicyFiles(folder);
  expect(policies.map(({ name }) => name)).toEqual(['b']);
  expect(broken).toMatchObject([
    { file: join(folder, 'a.yaml'), reason: expect.stringMatching(/a\.yaml:3:1: .*target/) },
  ]);
});

test('a name belongs to one file', async () => {
  for (const file of ['a.yaml', 'b.yaml']) await write(file, policy('same'));
  const { policies, broken } = await readPolicyFiles(folder);
  expect(policies).toHaveLength(1);
  expect(broken.map(({ reason }) => reason)).toEqual([
    `${join(folder, 'b.yaml')}: ${join(folder, 'a.yaml')} has a policy same already`,
  ]);
});

test('no folder is no policy', async () => {
  expect(await readPolicyFiles(join(folder, 'none'))).toEqual({ policies: [], broken: [] });
});
