import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteMessageBatchCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { type Cloud, startCloud } from '../../cloud/cloud.ts';
import { accountsOf } from '../../cloud/openstack/keystone/fixture.ts';
import { createCallLog, nameOf, type Service } from '../../faults/call-log.ts';
import { type Fate, invoke, newRun, type Plan, pass } from '../../faults/context.ts';
import type { Handler } from '../../faults/deployment.ts';
import { startFaultServer } from '../../faults/fault-server.ts';
import { interceptMachine } from '../../faults/intercept.ts';
import { interceptAws } from '../../faults/intercept-aws.ts';
import { interceptUndici } from '../../faults/intercept-undici.ts';
import { lambdaContext } from '../../integration/lambda.ts';

// sync-images dies before and after each of its calls, each of them breaks, two run at once: the next run comes to where an
// undisturbed one would have.

const targets = ['REGION2', 'REGION3'] as const;
const regions = ['REGION1', ...targets] as const;
const policy = {
  name: 'faults',
  ...{ source: { region: 'REGION1' }, targets: targets.map((region) => ({ region })) },
  ...{ select: { visibility: ['public', 'shared'] }, identity: 'name', on_conflict: 'rename' },
  ...{ sync: { members: true }, retention: { last: 2 } },
  retirement: { ladder: ['hide'], removed: 'retire' },
};

let dir: string;
let cloud: Cloud<(typeof regions)[number]>;
let sqs: SQSClient;
let stopFaults: () => Promise<void>;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sync-faults-'));
  await writeFile(join(dir, 'faults.yaml'), stringify(policy));
  cloud = await startCloud({ dataDir: dir, regions });
  const admin = accountsOf('').applicationCredentials.find(({ user }) => user.name === 'admin');
  Object.assign(process.env, cloud.env, {
    ...{ POLICIES_DIR: dir, POWERTOOLS_LOG_LEVEL: 'SILENT' },
    OS_APPLICATION_CREDENTIAL_ID: admin?.id,
    OS_APPLICATION_CREDENTIAL_SECRET: admin?.secret,
  });
  sqs = new SQSClient({});
  const { openstack, aws } = cloud;
  const services: readonly (readonly [string, Service])[] = [
    [openstack.keystone.url, 'keystone'],
    [openstack.regions.REGION1.url, 'source'],
    ...targets.map((region) => [openstack.regions[region].url, 'target'] as const),
    [aws.endpoints.sqs, 'sqs'],
  ];
  const faults = await startFaultServer();
  stopFaults = () => faults.stop();
  const interception = {
    services: new Map(services.map(([url, service]) => [new URL(url).host, service])),
    faults,
  };
  interceptMachine();
  interceptAws(interception);
  interceptUndici(interception);
});
afterAll(async () => {
  sqs.destroy();
  await Promise.all([cloud.stop(), stopFaults()]);
  await rm(dir, { recursive: true, force: true });
});

type RegionOfCloud = (typeof regions)[number];
const glance = (region: RegionOfCloud) => cloud.openstack.regions[region];
const asAdmin = (region: RegionOfCloud, path: string, init: RequestInit = {}) => {
  const headers = { 'x-auth-token': cloud.openstack.issueToken('admin'), 'content-type': 'application/json' };
  return fetch(`${glance(region).url}/v2/images/${path}`, { ...init, headers });
};

/** The images of one case, in their order. */
type World = (readonly [RegionOfCloud, string])[];

/** One image that is missing, one that has drifted, one with other members, one whose time is over. */
const newWorld = async (): Promise<World> => {
  const world: World = [];
  const make = async (region: RegionOfCloud, image: object): Promise<string> => {
    const common = { disk_format: 'raw', container_format: 'bare', visibility: 'public', owner: 'admin' };
    const { id } = await glance(region).createImage({ ...common, ...image }, 'bytes');
    world.push([region, id]);
    return id;
  };
  await make('REGION1', { name: 'missing' });
  const drifted = await make('REGION1', { name: 'drifted', os_version: '2' });
  const shared = await make('REGION1', { name: 'shared', visibility: 'shared' });
  await asAdmin('REGION1', `${shared}/members`, { method: 'POST', body: '{"member":"p1"}' });
  for (const region of targets) {
    const marks = (ferry_source_id: string, ferry_family: string) => ({
      ...{ ferry_source_region: 'REGION1', ferry_policy: 'faults', ferry_source_id, ferry_family },
      ferry_source_created_at: '2026-01-01T00:00:00Z',
    });
    await make(region, { name: 'drifted', os_version: '1', ...marks(drifted, 'drifted') });
    await make(region, { name: 'shared', visibility: 'shared', ...marks(shared, 'shared') });
    const old = { os_version: '0', ...marks('11111111-1111-4111-8111-111111111111', 'drifted') };
    await make(region, { name: 'drifted', ...old });
  }
  return world;
};
const clear = async (world: World): Promise<void> => {
  for (const [region, id] of world) await glance(region).remove(id);
};

/** What the queue of replicate-image was sent, each once. */
const asked = async (): Promise<readonly string[]> => {
  const QueueUrl = process.env['REPLICATE_IMAGE_QUEUE_URL'] ?? '';
  const bodies: string[] = [];
  for (;;) {
    const command = { QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 0 };
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(command));
    if (Messages.length === 0) return [...new Set(bodies)].sort();
    bodies.push(...Messages.map(({ Body = '' }) => Body));
    const Entries = Messages.map(({ ReceiptHandle }, i) => ({ Id: `${i}`, ReceiptHandle }));
    await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
  }
};

interface Members {
  readonly members?: readonly { readonly member_id: string }[];
}

/** All that a run may change, with the names of images instead of their ids. */
const stateOf = async (world: World) => {
  const names = new Map(
    world.map(([region, id], i) => [id, `${i} ${glance(region).image(id)?.name} ${region}`]),
  );
  const images = world.map(async ([region, id]) => {
    const { name, visibility, os_hidden, ...more } = glance(region).image(id) ?? {};
    const answer = await asAdmin(region, `${id}/members`);
    const { members = [] } = answer.ok ? ((await answer.json()) as Members) : {};
    const who = members.map(({ member_id }) => member_id);
    const { os_version } = more as { readonly os_version?: string };
    return { region, name, visibility, os_version, os_hidden, who };
  });
  const messages = (await asked()).map((body) =>
    [...names].reduce((text, [id, name]) => text.replaceAll(id, name), body),
  );
  return { images: await Promise.all(images), messages };
};

let starts = 0;
/** A function that has just started: it has to sign in, and to read its policies. */
const load = async (): Promise<Handler> => {
  starts += 1;
  const file = new URL(`../../../functions/sync-images.ts?${starts}`, import.meta.url);
  return ((await import(file.href)) as { handler: Handler }).handler;
};
const sync = async (fateOf: Plan['fateOf'] = () => pass) => {
  const calls = createCallLog();
  const handler = await load();
  const run = newRun({ fateOf }, calls);
  await invoke(run, 'sync-images', () => handler({}, lambdaContext())).catch(() => undefined);
  return calls.calls;
};

const inWorld = async <T>(what: (world: World) => Promise<T>): Promise<T> => {
  const world = await newWorld();
  try {
    return await what(world);
  } finally {
    await clear(world);
  }
};
const undisturbed = () =>
  inWorld(async (world) => {
    const calls = await sync();
    return { calls, state: await stateOf(world) };
  });

const reset: Fate = { kind: 'fault', fault: { kind: 'reset' } };

test('an undisturbed run does all there is to do', async () => {
  const { state } = await undisturbed();
  expect(state.messages).toHaveLength(2);
  for (const region of targets)
    expect(state.images.filter((image) => image.region === region)).toMatchObject([
      { name: 'drifted', os_version: '2', os_hidden: false },
      { name: 'shared', who: ['p1'] },
      { name: 'drifted (20260101)', os_hidden: true },
    ]);
});

test.each(['before', 'after'] as const)(
  'it dies %s any of its calls, and the next run ends as one would have',
  async (when) => {
    const { calls, state } = await undisturbed();
    const names = calls.map(nameOf);
    expect(names.length).toBeGreaterThan(20);
    for (const at of names)
      await inWorld(async (world) => {
        await sync((call) => (nameOf(call) === at ? { kind: 'die', when } : pass));
        await sync();
        expect({ at, ...(await stateOf(world)) }).toEqual({ at, ...state });
      });
  },
);

test('Keystone, a Glance or the queue goes away in the middle, and the next run ends as one would have', async () => {
  const { calls, state } = await undisturbed();
  const first = [...calls.entries()].filter(([, { occurrence }]) => occurrence === 1);
  for (const [at, { service }] of first)
    await inWorld(async (world) => {
      let made = 0;
      await sync((call) => {
        made += 1;
        return made > at && call.service === service ? reset : pass;
      });
      await sync();
      expect({ at, service, ...(await stateOf(world)) }).toEqual({ at, service, ...state });
    });
});

test('two runs at once do no harm', async () => {
  const { state } = await undisturbed();
  await inWorld(async (world) => {
    await Promise.all([sync(), sync()]);
    expect(await stateOf(world)).toEqual(state);
    await sync();
    expect((await stateOf(world)).images).toEqual(state.images);
  });
});
