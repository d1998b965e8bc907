import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import policies from '../../../deployment/policies.ts';

let serviceDir: string;
beforeEach(async () => {
  serviceDir = await mkdtemp(join(tmpdir(), 'service-'));
});
afterEach(() => rm(serviceDir, { recursive: true }));

const before = async (): Promise<boolean> => {
  const schedule = { enabled: false };
  const service = {
    custom: { policies: { folder: '.' } },
    functions: { 'sync-images': { events: [{ schedule }] } },
  };
  const { hooks } = policies({ serviceDir, service, classes: { Error } });
  await hooks['before:package:initialize']();
  return schedule.enabled;
};
const write = (file: string, text: string) => writeFile(join(serviceDir, file), text);

test('where there are no policies nothing runs on a schedule', async () => {
  await write('README.md', '# none yet');
  expect(await before()).toBe(false);
});

test('a policy turns the schedule on', async () => {
  await write('public.yaml', '{name: public, source: {region: REGION1}, targets: [{region: REGION2}]}');
  expect(await before()).toBe(true);
});

test('one that is broken is not packaged, and its line is told', async () => {
  await write('public.yaml', 'name: public\nsource: {region: REGION1}\ntargets: []');
  await expect(before()).rejects.toThrow(/public\.yaml:3:\d+: targets/);
});
