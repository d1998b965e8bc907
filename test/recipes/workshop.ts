import { execFile } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Cloud, startCloud } from '../cloud/cloud.ts';
import { type Functions, startFunctions } from '../cloud/offline/serverless-offline.ts';
import type { ImageView } from '../cloud/openstack/glance/record.ts';
import { accountsOf } from '../cloud/openstack/keystone/fixture.ts';
import { packCommand } from '../cloud/packed-command.ts';
import type { Recipe } from './read-recipe.ts';

const run = promisify(execFile);
const accounts = accountsOf('');

/** What a recipe's shell has said. */
export interface Said {
  readonly stdout: string;
  readonly stderr: string;
}

export interface TypeOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Of bash; `-euo pipefail` when absent. */
  readonly flags?: string;
  /** Without the workshop's variables, but for where programs are. */
  readonly isBare?: boolean;
}

/** A folder where recipes are followed, beside a local cloud with the functions. */
export interface Workshop {
  readonly dir: string;
  readonly cloud: Cloud;
  readonly functions: Functions;
  /** Of the shells: an openrc, AWS's variables, the deployment's names. */
  readonly env: Readonly<Record<string, string>>;
  /** An active image of REGION1, the admin's own unless something else is said. */
  newImage(attributes?: object): Promise<ImageView>;
  /** Writes a recipe's files, in a folder of its own. @returns the folder */
  lay(recipe: Recipe): Promise<string>;
  /** Types a script. @throws with what it has said, unless it ends with 0 */
  type(script: string, options?: TypeOptions): Promise<Said>;
  /** The variables of a user's openrc, REGION1. */
  openrc(user: string): Readonly<Record<string, string>>;
  /** What `npm pack` makes of the command. */
  pack(): Promise<string>;
  stop(): Promise<void>;
}

const openrcOf = ({ openstack }: Cloud, user: string): Record<string, string> => ({
  OS_AUTH_URL: openstack.authUrl,
  OS_USERNAME: user,
  OS_PASSWORD: accounts.userNamed(user).password,
  OS_USER_DOMAIN_NAME: 'Default',
  OS_PROJECT_NAME: accounts.userNamed(user).project.name,
  OS_PROJECT_DOMAIN_NAME: 'Default',
  OS_REGION_NAME: 'REGION1',
});

/** Debian's awscli (2.9) does not know AWS_ENDPOINT_URL yet, so what a user's AWS is stands beside it in PATH. */
const aws = `#!/bin/sh
case $1 in
  lambda) url=$AWS_ENDPOINT_URL_LAMBDA ;;
  events) url=$AWS_ENDPOINT_URL_EVENTBRIDGE ;;
  sqs) url=$AWS_ENDPOINT_URL_SQS ;;
esac
exec /usr/bin/aws --endpoint-url "$url" "$@"
`;

const layIn = async (dir: string, { name, files }: Recipe): Promise<string> => {
  const at = join(dir, name);
  await mkdir(at, { recursive: true });
  for (const [path, text] of files) {
    await mkdir(dirname(join(at, path)), { recursive: true });
    await writeFile(join(at, path), text);
  }
  return at;
};

const startDeployment = async (dataDir: string, policies: string) => {
  const cloud = await startCloud({ dataDir });
  const admin = accounts.applicationCredentials.find(({ user }) => user.name === 'admin');
  const arn = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:own';
  cloud.aws.secrets.set(arn, JSON.stringify({ id: admin?.id, secret: admin?.secret }));
  const own = {
    OS_APPLICATION_CREDENTIAL_SECRET_ARN: arn,
    OS_TARGET_REGIONS: '*',
    EVENT_BUS_NAME: 'default',
    POLICIES_DIR: policies,
  };
  const functions = await startFunctions({ env: { ...cloud.env, ...own }, dataDir });
  return { cloud, functions };
};

/** @param deployed the recipe whose `policies/` are the deployment's */
export const startWorkshop = async (deployed: Recipe): Promise<Workshop> => {
  const dir = await mkdtemp(join(tmpdir(), 'glance-ferry-recipes-'));
  const bin = join(dir, 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'aws'), aws);
  await chmod(join(bin, 'aws'), 0o755);
  const { cloud, functions } = await startDeployment(dir, join(await layIn(dir, deployed), 'policies'));
  const env = {
    PATH: `${bin}:${join(dir, 'npm/bin')}:${dirname(process.execPath)}:${process.env['PATH']}`,
    HOME: dir,
    NPM_CONFIG_PREFIX: join(dir, 'npm'), // where `npm install --global` goes
    TF_CLI_CONFIG_FILE: '',
    ...cloud.aws.env,
    AWS_DEFAULT_REGION: 'us-east-1', // the CLI's name for it
    AWS_ENDPOINT_URL_LAMBDA: functions.lambdaUrl,
    AWS_PAGER: '',
    REPLICATE_IMAGE_QUEUE_URL: cloud.aws.queues['ReplicateImageQueue']?.url ?? '',
    GLANCE_FERRY_URL: functions.url,
    ...openrcOf(cloud, 'admin'),
  };

  const type: Workshop['type'] = async (script, options = {}) => {
    const { cwd = dir, env: more = {}, flags = '-euo pipefail', isBare = false } = options;
    const { PATH, HOME, NPM_CONFIG_PREFIX } = env;
    const given = { ...(isBare ? { PATH, HOME, NPM_CONFIG_PREFIX } : env), ...more };
    try {
      return await run('bash', ['--norc', ...flags.split(' '), '-c', script], { cwd, env: given });
    } catch (error) {
      const { stdout = '', stderr = '' } = error as Partial<Said>;
      throw new Error(`The recipe's shell failed:\n${script}\n${stdout}${stderr}`, { cause: error });
    }
  };
  const formats = { disk_format: 'raw', container_format: 'bare' };
  const newImage = (attributes: object = {}) =>
    cloud.openstack.regions.REGION1.createImage(
      { name: `Debian ${randomUUID()}`, owner: 'admin', ...formats, ...attributes },
      randomBytes(300_000),
    );
  const stop = async (): Promise<void> => {
    await functions.stop();
    await cloud.stop();
    await rm(dir, { recursive: true, force: true });
  };
  return {
    dir,
    cloud,
    functions,
    env,
    newImage,
    lay: (recipe) => layIn(dir, recipe),
    type,
    pack: async () => (await packCommand(dir)).tarball,
    openrc: (user) => openrcOf(cloud, user),
    stop,
  };
};
