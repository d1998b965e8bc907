import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createSqsClient } from '../../lib/aws/queue.ts';
import type { Clouds } from '../../lib/clouds/cloud.ts';
import { composeClouds } from '../../lib/compose/clouds.ts';
import { composeOpenStack } from '../../lib/compose/openstack.ts';
import { composeSealer } from '../../lib/compose/secrets.ts';
import { composeSend, composeState } from '../../lib/compose/state.ts';
import { loadConfig } from '../../lib/config.ts';
import { createRequestReplica } from '../../lib/imports/request/request-replica.ts';
import type { ImageId } from '../../lib/schemas/ids.ts';
import { tellNobody } from '../../lib/state/announce.ts';
import { importRef } from '../../lib/state/refs.ts';
import type { Task } from '../../lib/state/task.ts';
import type { Glance } from '../cloud/openstack/glance/glance.ts';
import { unauthorized } from '../cloud/openstack/keystone/errors.ts';
import { type OpenStack, startOpenStack } from '../cloud/openstack/openstack.ts';
import { isProbe, timesRead } from '../cloud/openstack/times-read.ts';
import { type Ferry, startFerry } from './ferry.ts';
import { expectNothingLeft } from './nothing-left.ts';
import { createQueuesByHand, type QueuesByHand, steps } from './queues-by-hand.ts';

// Two Keystones that know nothing of each other. Imports go with the deployment's own rights: in its own cloud by its
// application credential, in the other one by an entry of its clouds.yaml.

const cloudsArn = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:clouds';
const formats = { disk_format: 'raw', container_format: 'bare' };
const { signal } = new AbortController();

let ferry: Ferry;
let away: OpenStack<'NORTH'>;
let dataDir: string;
let queues: QueuesByHand;
let clouds: Clouds;
let requestReplica: ReturnType<typeof createRequestReplica>;
let taskNow: (task: Task) => Promise<Task | undefined>;
/** All that leaves a function, or lies somewhere. */
let said: string[];
/** All tokens that the two Keystones have given. */
let given: Readonly<Record<'home' | 'away', readonly string[]>>;

const credentialOf = ({ keystone }: Pick<OpenStack, 'keystone'>) => {
  const found = keystone.accounts.applicationCredentials.find(({ name }) => name === 'demo-ac');
  if (!found) throw new Error('no credential');
  return found;
};

const cloudsYaml = (): string => `clouds:
  north:
    auth_type: v3applicationcredential
    auth:
      auth_url: ${away.authUrl}
      application_credential_id: ${credentialOf(away).id}
      application_credential_secret: ${credentialOf(away).secret}
    region_name: NORTH
`;

beforeAll(async () => {
  ferry = await startFerry({
    idle: steps,
    env: {
      POWERTOOLS_LOG_LEVEL: 'DEBUG',
      CLOUDS_SECRET_ARN: cloudsArn,
      SOURCE_RETRY_DELAY_MS: '300',
    },
  });
  dataDir = await mkdtemp(join(tmpdir(), 'away-'));
  away = await startOpenStack({ dataDir, cloud: 'away', regions: ['NORTH'] });
  given = { home: tokensOf(ferry.openstack), away: tokensOf(away) };
  const { id, secret } = credentialOf(ferry.openstack);
  Object.assign(process.env, {
    OS_APPLICATION_CREDENTIAL_ID: id,
    OS_APPLICATION_CREDENTIAL_SECRET: secret,
  });
  ferry.aws.secrets.set(cloudsArn, cloudsYaml());
  const config = loadConfig(process.env, ['IMPORTS_TABLE']);
  const openstack = composeOpenStack(config);
  const state = composeState(config);
  clouds = composeClouds(config, openstack);
  requestReplica = createRequestReplica({
    ...{ tasks: state.tasks, claims: state.claims, announce: tellNobody },
    ...{ send: composeSend(config, createSqsClient()), sealer: composeSealer(config) },
  });
  taskNow = (task) => state.tasks.get(importRef(task));
  queues = createQueuesByHand(ferry);
});
afterAll(async () => {
  queues.stop();
  await Promise.all([ferry.stop(), away.stop()]);
  await rm(dataDir, { recursive: true });
});

beforeEach(() => {
  said = [];
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((text) => said.push(String(text)) > 0);
});
afterEach(() => vi.restoreAllMocks());

const source = async (size = 100_000) => {
  const { REGION1 } = ferry.openstack.regions;
  REGION1.clearRequests();
  return await REGION1.createImage({ ...formats, hw_disk_bus: 'scsi' }, randomBytes(size));
};

/** Asks for an image of REGION1 in another region: in a record that is there, or a new one. */
const replicaIn = async (region: 'REGION2' | 'NORTH', sourceId: string, record?: ImageId): Promise<Task> => {
  const [from, to] = [await clouds.region('REGION1', { signal }), await clouds.region(region, { signal })];
  const made = { name: 'replica', visibility: 'private' };
  const imageId = record ?? ((await to.images.create(made, { signal })).id as ImageId);
  return await requestReplica({ from, to, sourceId: sourceId as ImageId, imageId }, { signal });
};

const glanceOf = ({ region }: Task): Glance =>
  region === 'NORTH' ? away.regions.NORTH : ferry.openstack.region(region);

/** Lets one message of a step be worked at, and keeps what there is to be seen meanwhile. */
const step = async (name: (typeof steps)[number]): Promise<boolean> => {
  said.push(JSON.stringify(await ferry.traces.items()));
  const taken = await queues.next(name);
  said.push(JSON.stringify(taken ?? ''));
  return taken !== undefined;
};
const workOn = async (): Promise<void> => {
  for (let isBusy = true; isBusy; ) {
    isBusy = false;
    for (const name of steps) isBusy = (await step(name)) || isBusy;
  }
};

const expectGiven = async (task: Task, { os_hash_value }: { readonly os_hash_value: string | null }) => {
  expect(await taskNow(task)).toMatchObject({ status: 'success' });
  expect(glanceOf(task).image(task.imageId)).toMatchObject({
    ...{ status: 'active', os_hash_value },
  });
  // What a replica has of its source's properties, its policy says.
  expect(glanceOf(task).image(task.imageId)).not.toHaveProperty('hw_disk_bus');
};

/** Tokens of both Keystones, and what they are got by. */
const expectNoSecret = (): void => {
  const secrets = [/gAAAAAB[\w-]{40}/, /demo-ac-secret/, /demo-secret/];
  expect(said.length).toBeGreaterThan(0);
  expect(said.filter((text) => secrets.some((secret) => secret.test(text)))).toEqual([]);
};

/** Remembers the tokens that a Keystone gives from now on. */
const tokensOf = ({ keystone: { tokens } }: Pick<OpenStack, 'keystone'>): readonly string[] => {
  const all: string[] = [];
  const { issue } = tokens;
  tokens.issue = (grant, lifetimeS) => {
    const token = issue(grant, lifetimeS);
    all.push(token.id);
    return token;
  };
  return all;
};

/** A Keystone that takes no token and gives none, by `answer`. */
const whileKeystone = async (answer: () => never, run: () => Promise<unknown>): Promise<void> => {
  const { tokens } = away.keystone;
  const valid = vi.spyOn(tokens, 'valid').mockReturnValue(undefined);
  const issue = vi.spyOn(tokens, 'issue').mockImplementation(answer);
  await run();
  valid.mockRestore();
  issue.mockRestore();
};

describe('an import between clouds', () => {
  test('reads its source once for targets in both of them, and leaves nothing and no secret', async () => {
    const image = await source();
    const tasks = [await replicaIn('NORTH', image.id), await replicaIn('REGION2', image.id)];
    for (const _ of tasks) expect(await step('stream-image')).toBe(true);
    await workOn();
    for (const task of tasks) await expectGiven(task, image);
    const reads = ferry.openstack.regions.REGION1.dataReads(image.id).map(({ given }) => given);
    expect(
      timesRead(
        reads.filter((range) => !isProbe(range)),
        100_000,
      ),
    ).toMatchObject({ min: 1, max: 1 });
    await expectNothingLeft(ferry);
    expectNoSecret();
  });

  test('is not queued again while it holds its image', async () => {
    const image = await source();
    const task = await replicaIn('NORTH', image.id);
    await expect(replicaIn('NORTH', image.id, task.imageId)).rejects.toMatchObject({ code: 'conflict' });
    await workOn();
    await expectGiven(task, image);
    await expectNothingLeft(ferry);
  });

  test('outlives the tokens of both clouds, which end in its middle', async () => {
    const image = await source();
    const task = await replicaIn('NORTH', image.id);
    const { REGION1 } = ferry.openstack.regions;
    const downloads = () =>
      REGION1.requests()
        .filter(({ path }) => path.endsWith(`${image.id}/file`))
        .map(({ status }) => status);
    REGION1.fault(image.id, { kind: 'drop-after', bytes: 50_000, on: 'get-file' });
    const copied = step('stream-image');
    await expect.poll(downloads, { interval: 10 }).toEqual([200]);
    for (const id of given.home) ferry.openstack.keystone.tokens.expire(id);
    await copied;
    expect(downloads()).toEqual([200, 401, 206]);
    for (const id of given.away) away.keystone.tokens.expire(id);
    await workOn();
    await expectGiven(task, image);
    await expectNothingLeft(ferry);
  });

  test('fails where its cloud refuses the deployment, with its name; the other target gets its data', async () => {
    const image = await source();
    const tasks = [await replicaIn('NORTH', image.id), await replicaIn('REGION2', image.id)];
    const refuse = () => {
      throw unauthorized();
    };
    await whileKeystone(refuse, workOn);
    const [north, region2] = tasks;
    expect(north && (await taskNow(north))).toMatchObject({
      status: 'failure',
      message: `Failed to authenticate with cloud north at ${away.authUrl}/auth/tokens: its application credential is refused`,
    });
    if (region2) await expectGiven(region2, image);
    expect(north && away.regions.NORTH.image(north.imageId)?.status).toBe('queued');
    await expectNothingLeft(ferry);
    expectNoSecret();
  });

  test('waits while a Keystone is away, and goes on when it is there again', async () => {
    const image = await source();
    const task = await replicaIn('NORTH', image.id);
    expect(await step('stream-image')).toBe(true);
    const fail = () => {
      throw new Error('away');
    };
    await whileKeystone(fail, () => queues.again('apply-metadata'));
    expect(await taskNow(task)).toMatchObject({ status: 'processing', failureCode: 'unavailable' });
    await expect.poll(() => step('apply-metadata'), { timeout: 20_000 }).toBe(true);
    await expectGiven(task, image);
    await expectNothingLeft(ferry);
  });

  test('a task that was changed in the table is not opened with anybody’s rights', async () => {
    const image = await source();
    const task = await replicaIn('REGION2', image.id);
    const config = loadConfig(process.env, ['IMPORTS_TABLE']);
    await composeState(config).tasks.update(task, { targetEndpoint: away.regions.NORTH.url } as object);
    await workOn();
    expect(await taskNow(task)).toMatchObject({
      status: 'failure',
      message: `The sealed token of task ${task.taskId} cannot be opened`,
    });
    await expectNothingLeft(ferry);
  });
});
