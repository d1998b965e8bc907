import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, globSync } from 'node:fs';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ImageView } from '../cloud/openstack/glance/record.ts';
import { accountsOf } from '../cloud/openstack/keystone/fixture.ts';
import { runGitlabJob, runWorkflow } from './pipelines.ts';
import { folder, readRecipe } from './read-recipe.ts';
import { startWorkshop, type Workshop } from './workshop.ts';

// docs/recipes/*.md, each followed as it stands in a local cloud of three regions with the functions.

const patience = { timeout: 90_000, interval: 500 };
const recipes = globSync('*.md', { cwd: folder }).map((file) => basename(file, '.md'));

let workshop: Workshop;
/** What `npm pack` has made of the command. */
let GLANCE_FERRY_PACKAGE = '';
beforeAll(async () => {
  workshop = await startWorkshop(readRecipe('public-images'));
  GLANCE_FERRY_PACKAGE = await workshop.pack();
  await workshop.type(`npm install --global --offline --loglevel=error ${GLANCE_FERRY_PACKAGE}`);
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

const has = (program: string): boolean => {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`]);
    return true;
  } catch {
    return false;
  }
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

/** Application credential of the admin, as a pipeline has it. */
const pipelineVariables = (): Record<string, string> => {
  const { id = '', secret = '' } =
    accountsOf('').applicationCredentials.find(({ user }) => user.name === 'admin') ?? {};
  return {
    OS_AUTH_TYPE: 'v3applicationcredential',
    OS_AUTH_URL: workshop.cloud.openstack.authUrl,
    OS_APPLICATION_CREDENTIAL_ID: id,
    OS_APPLICATION_CREDENTIAL_SECRET: secret,
    OS_REGION_NAME: 'REGION1',
    GLANCE_FERRY_URL: workshop.functions.url,
  };
};

describe('with the command', () => {
  testWith('jq', has('jq'), 'github-actions.md: a workflow copies, and tells what came of it', async () => {
    const image = await workshop.newImage();
    const cwd = await workshop.lay(readRecipe('github-actions'));
    const { GLANCE_FERRY_URL = '', ...openrc } = pipelineVariables();
    const context = {
      'inputs.image': image.id,
      'vars.GLANCE_FERRY_PACKAGE': GLANCE_FERRY_PACKAGE,
      'vars.GLANCE_FERRY_URL': GLANCE_FERRY_URL,
      'vars.OS_AUTH_URL': openrc['OS_AUTH_URL'] ?? '',
      'vars.OS_APPLICATION_CREDENTIAL_ID': openrc['OS_APPLICATION_CREDENTIAL_ID'] ?? '',
      'secrets.OS_APPLICATION_CREDENTIAL_SECRET': openrc['OS_APPLICATION_CREDENTIAL_SECRET'] ?? '',
    };
    const file = '.github/workflows/propagate.yml';
    const { outputs, summary } = await runWorkflow({ workshop, cwd, file, job: 'propagate' }, context);
    await expectReplica('REGION2', image);
    await expectReplica('REGION3', image);
    const [replica] = replicasIn('REGION2', image);
    expect(JSON.parse(outputs['replicas'] ?? '')).toMatchObject({ REGION2: { id: replica?.id } });
    expect(summary).toContain(`REGION2: active ${replica?.id}`);
  });

  test('gitlab-ci.md: a job copies, and leaves what came of it', async () => {
    const image = await workshop.newImage();
    const cwd = await workshop.lay(readRecipe('gitlab-ci'));
    const variables = { ...pipelineVariables(), GLANCE_FERRY_PACKAGE, IMAGE: image.id };
    await runGitlabJob({ workshop, cwd, file: '.gitlab-ci.yml', job: 'propagate' }, variables);
    await expectReplica('REGION2', image);
    await expectReplica('REGION3', image);
    expect(Object.keys(JSON.parse(await readFile(join(cwd, 'replicas.json'), 'utf8')))).toEqual([
      'REGION2',
      'REGION3',
    ]);
  });

  test('packer.md: the post-processor copies what the manifest names', async () => {
    const image = await workshop.newImage();
    const recipe = readRecipe('packer');
    const cwd = await workshop.lay(recipe);
    const manifest = recipe.files.get('packer-manifest.json') ?? '';
    await writeFile(join(cwd, 'packer-manifest.json'), manifest.replace('$IMAGE', image.id));
    await workshop.type('bash propagate.sh', { cwd });
    await expectReplica('REGION2', image);
    await expectReplica('REGION3', image);
  });

  const terraform = has('terraform');
  testWith('terraform', terraform, 'terraform.md: applied, once for an image', async () => {
    const image = await workshop.newImage();
    const recipe = readRecipe('terraform');
    const cwd = await workshop.lay(recipe);
    for (let times = 0; times < 2; times += 1)
      await workshop.type(recipe.script, { cwd, env: { IMAGE: image.id } });
    await expectReplica('REGION2', image);
    await expectReplica('REGION3', image);
  });
  testWith('terraform', terraform, 'terraform.md, packer.md: HCL is well formed', async () => {
    for (const name of ['terraform', 'packer'])
      for (const [path, text] of readRecipe(name).files)
        if (/\.(tf|hcl)$/.test(path)) {
          const cwd = await workshop.lay({ name: `${name}-hcl`, script: '', files: new Map([[path, text]]) });
          expect((await workshop.type(`terraform fmt - <${path}`, { cwd })).stdout).toBe(text);
        }
  });
});

describe('schedule.md', () => {
  const root = () => workshop.lay(readRecipe('schedule'));

  testWith('systemd', has('systemd-analyze'), 'systemd finds nothing wrong with the units', async () => {
    const dir = await root();
    const targets = join(dir, 'usr/lib/systemd/system');
    await mkdir(targets, { recursive: true });
    for (const target of globSync('/lib/systemd/system/*.target'))
      await cp(target, join(targets, basename(target)), { verbatimSymlinks: true });
    await mkdir(join(dir, 'usr/local/bin'), { recursive: true });
    await cp('/bin/true', join(dir, 'usr/local/bin/glance-ferry'));
    const verify = `systemd-analyze verify --root="$PWD" ferry-sync.service ferry-sync.timer`;
    expect(await workshop.type(verify, { cwd: dir })).toEqual({ stdout: '', stderr: '' });
  });

  /** Where `npm install --global` puts commands: /usr/local/bin, and here a folder of the workshop's. Node is there, too. */
  const globalBin = (): string => join(workshop.env['NPM_CONFIG_PREFIX'] ?? '', 'bin');

  /** As it stands in the file, with this machine's paths and the workshop's credentials. */
  const follow = async (command: string, env: Readonly<Record<string, string>> = {}): Promise<string> => {
    const dir = await root();
    const { files } = readRecipe('public-images');
    const policy = files.get('policies/public-images.yaml') ?? '';
    await writeFile(join(dir, 'etc/glance-ferry/public-images.yaml'), policy);
    const openrc = Object.entries(pipelineVariables()).map(([name, value]) => `${name}=${value}`);
    await writeFile(join(dir, 'etc/glance-ferry/openrc'), openrc.join('\n'));
    const here = command.replaceAll('/etc/', `${dir}/etc/`).replace('/usr/local/bin/', `${globalBin()}/`);
    return (await workshop.type(here, { cwd: dir, flags: '-e', isBare: true, env })).stdout;
  };
  const lineOf = (file: string, pattern: RegExp): string => {
    const found = pattern.exec(readRecipe('schedule').files.get(file) ?? '')?.[1];
    if (found === undefined) throw new Error(`${file} has no ${pattern}`);
    return found;
  };
  /** The credentials' file has the names that the test fills in. */
  const namesOf = (file: string): string[] =>
    [...(readRecipe('schedule').files.get(file) ?? '').matchAll(/^(\w+)=/gm)].map(([, name = '']) => name);

  test('the service and the line of cron sync what the policy says', async () => {
    expect(namesOf('etc/glance-ferry/openrc').toSorted()).toEqual(
      Object.keys(pipelineVariables()).toSorted(),
    );
    const image = await workshop.newImage({ visibility: 'public' });
    const service = lineOf('etc/systemd/system/ferry-sync.service', /^ExecStart=(.+)$/m);
    const environment = lineOf('etc/systemd/system/ferry-sync.service', /^EnvironmentFile=(.+)$/m);
    await follow(`set -a; . ${environment}; ${service}`);
    await expectReplica('REGION2', image);
    await expectReplica('REGION3', image);
    const cron = lineOf('etc/cron.d/ferry-sync', /^30 2 \* \* \* ferry (.+)$/m);
    await symlink(process.execPath, join(globalBin(), 'node'));
    const PATH = lineOf('etc/cron.d/ferry-sync', /^PATH=(.+)$/m).replace('/usr/local/bin', globalBin());
    const newer = await workshop.newImage({ visibility: 'public' });
    await follow(cron, { PATH });
    await expectReplica('REGION2', newer);
  });
});

describe('public-images.md', () => {
  const aws = existsSync('/usr/bin/aws');
  testWith('awscli', aws, 'shows what it would do, and does it by the schedule’s function', async () => {
    const image = await workshop.newImage({ visibility: 'public' });
    const recipe = readRecipe('public-images');
    const cwd = await workshop.lay(recipe);
    await workshop.type(recipe.script, { cwd });
    expect(await readFile(join(cwd, 'plan.json'), 'utf8')).toContain(image.id);
    await expectReplica('REGION2', image);
    await expectReplica('REGION3', image);

    // A newer one of the name: it gets the name there as well, and the older one another.
    const newer = await workshop.newImage({ visibility: 'public', name: image.name });
    const namesThere = async () => {
      await workshop.type(recipe.script, { cwd });
      return [newer, image].map((one) => replicasIn('REGION2', one)[0]?.name);
    };
    const older = expect.stringMatching(/ \(\d{8}\)$/);
    await expect.poll(namesThere, { ...patience, interval: 3000 }).toEqual([image.name, older]);
    await expectReplica('REGION2', newer);
  });
});

describe('snapshots.md', () => {
  test('brings a user’s snapshots to another region, without what Nova trips over, and keeps the newest there', async () => {
    const instance_uuid = randomUUID();
    const snapshot = { visibility: 'private', owner: 'demo', image_type: 'snapshot', instance_uuid };
    const image = await workshop.newImage({ name: 'weekly', ...snapshot, base_image_ref: randomUUID() });
    const recipe = readRecipe('snapshots');
    const cwd = await workshop.lay(recipe);
    const env = workshop.openrc('demo');
    await workshop.type(recipe.script, { cwd, env });
    await expectReplica('REGION2', image);
    const [replica] = replicasIn('REGION2', image);
    expect(replica).toMatchObject({ visibility: 'private', ferry_policy: 'weekly-backup' });
    expect(replica).not.toHaveProperty('instance_uuid');
    expect(String(replica?.['ferry_family'])).toContain(instance_uuid);

    // Four more, and the newest three are kept there, whatever is kept here.
    const newer: ImageView[] = [];
    for (let count = 0; count < 4; count += 1) {
      await delay(1100); // created_at has seconds
      newer.push(await workshop.newImage({ name: `weekly ${count}`, ...snapshot }));
      await workshop.type(recipe.script, { cwd, env });
    }
    const there = () => [image, ...newer].map((one) => replicasIn('REGION2', one).length);
    expect(there()).toEqual([0, 0, 1, 1, 1]);
    const here = workshop.cloud.openstack.regions.REGION1.images();
    expect(here.filter((one) => one['instance_uuid'] === instance_uuid)).toHaveLength(5);
  });
});
