import { existsSync, globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ImageView } from '../cloud/openstack/glance/record.ts';
import { folder, readRecipe } from './read-recipe.ts';
import { startWorkshop, type Workshop } from './workshop.ts';

// docs/recipes/*.md, each followed as it stands in a local cloud of three regions with the functions.

const patience = { timeout: 90_000, interval: 500 };
const recipes = globSync('*.md', { cwd: folder }).map((file) => basename(file, '.md'));

let workshop: Workshop;
beforeAll(async () => {
  workshop = await startWorkshop();
});
afterAll(() => workshop?.stop());

type Region = 'REGION1' | 'REGION2' | 'REGION3';
const replicasIn = (region: Region, { id }: ImageView): readonly ImageView[] =>
  workshop.cloud.openstack.regions[region].images().filter((image) => image['ferry_source_id'] === id);

/** One image, active, of the same bytes. */
const expectReplica = async (region: Region, source: ImageView): Promise<void> => {
  const seen = () =>
    replicasIn(region, source).map(({ status, os_hash_value }) => ({ status, os_hash_value }));
  const { os_hash_value } = source;
  await expect.poll(seen, patience).toEqual([{ status: 'active', os_hash_value }]);
};

/** A test of what needs a program; without it the test says so. */
const testWith = (program: string, isThere: boolean, name: string, run: () => Promise<void>): void => {
  if (isThere) test(name, run);
  else test(`${name}: not tried, ${program} is not installed`, ({ skip }) => skip(`no ${program}`));
};

test('every recipe is in the list, and in this file', async () => {
  const index = await readFile(join(folder, 'README.md'), 'utf8');
  const tests = await readFile(import.meta.filename, 'utf8');
  const others = recipes.filter((name) => name !== 'README');
  expect(others.length).toBeGreaterThan(0);
  expect(others.filter((name) => !index.includes(`(${name}.md)`))).toEqual([]);
  expect(others.filter((name) => !tests.includes(`readRecipe('${name}')`))).toEqual([]);
});

describe('aws.md', () => {
  testWith('awscli', existsSync('/usr/bin/aws'), 'brings an image to two regions, once each', async () => {
    const recipe = readRecipe('aws');
    const image = await workshop.newImage();
    const cwd = await workshop.lay(recipe);
    await workshop.type(recipe.script, { cwd, env: { IMAGE: image.id } });
    await expectReplica('REGION2', image);
    await expectReplica('REGION3', image);
    const answer = JSON.parse(await readFile(join(cwd, 'replicas.json'), 'utf8'));
    expect(answer).toMatchObject({ replicas: [{ region: 'REGION3' }] });

    const end = JSON.parse(await readFile(join(cwd, 'REGION2.json'), 'utf8'));
    expect(end).toMatchObject({ region: 'REGION2', bytes: image.size, source: { image_id: image.id } });
  });
});
