import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DeleteRuleCommand,
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createDynamoClient, createTable } from '../../lib/aws/table.ts';
import type { ImageImportStateChange } from '../../lib/schemas/state-change.ts';
import type { ImageView } from '../cloud/openstack/glance/record.ts';
import { type Answer, type Ferry, startFerry } from './ferry.ts';
import { createQueuesByHand, type QueuesByHand, steps } from './queues-by-hand.ts';
import { bytesPage, startWebServer, type WebServer } from './web-server.ts';

const bytes = randomBytes(100_000);
const formats = { disk_format: 'raw', container_format: 'bare' };
const schema = new URL('../../schemas/image-import-state-change.schema.json', import.meta.url);
const isAsPublished = new Ajv2020().compile(JSON.parse(readFileSync(schema, 'utf8')));

let ferry: Ferry;
let queues: QueuesByHand;
let token: string;
let source: ImageView;
let imageId: string;
let asked: Answer;
let web: WebServer;

beforeAll(async () => {
  web = await startWebServer();
  const OS_IMPORT_FILTERING_OPTS__ALLOWED_PORTS = new URL(web.url).port;
  const env = { EVENT_BUS_NAME: 'images', OS_TARGET_REGIONS: '*', OS_IMPORT_FILTERING_OPTS__ALLOWED_PORTS };
  ferry = await startFerry({ idle: steps, env });
  queues = createQueuesByHand(ferry);
  token = ferry.openstack.issueToken('demo');
});
afterAll(async () => {
  queues.stop();
  await Promise.all([ferry.stop(), web.stop()]);
});

const region1 = () => ferry.openstack.regions.REGION1;
const region2 = () => ferry.openstack.regions.REGION2;
const region3 = () => ferry.openstack.regions.REGION3;

beforeEach(async () => {
  source = await region1().createImage(formats, bytes);
  imageId = (await region2().createImage({ name: 'copy' })).id;
});
afterEach(async () => {
  vi.restoreAllMocks();
  ferry.aws.events.faults.clear();
  for (const step of steps) while (await queues.next(step));
});

const request = async (): Promise<void> => {
  asked = await ferry.importFrom(source.id, imageId, token);
  expect(asked).toMatchObject({ status: 201 });
};
const lastTask = async () => (await ferry.tasks(imageId, token)).at(-1);

/** What was told of a target, each as the published schema says. */
const told = (id = imageId): readonly ImageImportStateChange[] => {
  const details = ferry.aws.events.received.map(
    ({ event }) => event.detail as unknown as ImageImportStateChange,
  );
  const ours = details.filter(({ image_id }) => image_id === id);
  for (const detail of ours) expect(isAsPublished(detail), JSON.stringify(isAsPublished.errors)).toBe(true);
  return ours;
};
const states = (id?: string) => told(id).map(({ previous_state, state }) => `${previous_state} → ${state}`);
const wholeLife = ['null → pending', 'pending → processing', 'processing → success'];

describe('an import', () => {
  test('is told of from beginning to end, with what has arrived', async () => {
    await request();
    expect(states()).toEqual(['null → pending']);
    await queues.next('stream-image');
    await queues.next('apply-metadata');
    expect(states()).toEqual(wholeLife);
    const [pending, processing, success] = told();
    const ids = {
      region: 'REGION2',
      image_id: imageId,
      task_id: asked.json['id'],
      request_id: asked.headers['x-openstack-request-id'],
      project_id: asked.json['owner'],
      source: { region: 'REGION1', image_id: source.id },
    };
    const none = { bytes: null, hash: null, reason: null, code: null };
    expect(pending).toMatchObject({ ...ids, ...none, copy_id: null });
    expect(processing).toMatchObject({ ...ids, ...none, copy_id: success?.copy_id });
    const hash = { algorithm: 'sha512', value: source.os_hash_value };
    expect(success).toMatchObject({ ...ids, bytes: bytes.length, hash, reason: null, code: null });
    expect(success?.seconds).toBeGreaterThan(0);
    expect(JSON.stringify(told())).not.toContain(token);
  });

  test('is waited for by a rule, without asking', async () => {
    const bus = new EventBridgeClient({});
    const [Rule, EventBusName] = ['arrived', 'images'];
    const detail = { state: ['success', 'failure'], image_id: [imageId] };
    await bus.send(
      new PutRuleCommand({ Name: Rule, EventBusName, EventPattern: JSON.stringify({ detail }) }),
    );
    const queue = ferry.aws.queues['FailImportDeadQueue'];
    const Targets = [{ Id: 'queue', Arn: queue?.arn, InputPath: '$.detail' }];
    await bus.send(new PutTargetsCommand({ Rule, EventBusName, Targets }));
    await request();
    await queues.next('stream-image');
    await queues.next('apply-metadata');
    await bus.send(new DeleteRuleCommand({ Name: Rule, EventBusName }));
    bus.destroy();
    const sqs = new SQSClient({});
    const asked = new ReceiveMessageCommand({ QueueUrl: queue?.url, WaitTimeSeconds: 5 });
    const { Messages: [message] = [] } = await sqs.send(asked);
    sqs.destroy();
    expect(JSON.parse(message?.Body ?? '')).toEqual(told().at(-1));
  });

  test('that fails is told with its task’s reason, and never as a success', async () => {
    await request();
    const headers = { 'x-auth-token': token };
    await fetch(`${region1().url}/v2/images/${source.id}`, { method: 'DELETE', headers });
    await queues.next('stream-image');
    await queues.next('fail-import');
    expect(states()).toEqual(['null → pending', 'pending → failure']);
    const { status, message } = (await lastTask()) ?? {};
    expect(told().at(-1)).toMatchObject({ state: status, reason: message, code: 'bad-request', bytes: null });
  });

  test('into several regions is told of in each, and shows that the copy is the same', async () => {
    const other = (await region3().createImage({ name: 'copy' })).id;
    await request();
    const method = { name: 'glance-download', glance_region: 'REGION1', glance_image_id: source.id };
    const options = { method: 'POST', region: 'REGION3', imageId: other, token, body: { method } };
    expect(await ferry.http('import-image', options)).toMatchObject({ status: 201 });
    for (const step of ['stream-image', 'apply-metadata'] as const) while (await queues.next(step));
    for (const id of [imageId, other]) expect(states(id)).toEqual(wholeLife);
    const [here, there] = [told().at(-1), told(other).at(-1)];
    expect([here?.region, there?.region]).toEqual(['REGION2', 'REGION3']);
    expect(here?.copy_id).toBe(there?.copy_id);
  });

  test.each(['success', 'failure'])(
    'by web-download, ending in %s, is told without the secrets of its URL',
    async (end) => {
      imageId = (await region2().createImage({ name: 'copy', ...formats })).id;
      web.pages.set('/image', bytesPage(bytes));
      const uri = `${web.url}/image?signature=secret`;
      const body = { method: { name: 'web-download', uri } };
      asked = await ferry.http('import-image', { method: 'POST', imageId, token, body });
      expect(asked).toMatchObject({ status: 201 });
      if (end === 'failure') web.pages.clear();
      for (const step of steps) while (await queues.next(step));
      expect(told().at(-1)).toMatchObject({ state: end, source: null });
      expect(JSON.stringify(told())).not.toContain('secret');
    },
  );

  test('that is refused is not told of', async () => {
    expect(await ferry.importFrom(source.id, imageId, 'no token')).toMatchObject({ status: 401 });
    await request();
    expect(await ferry.importFrom(source.id, imageId, token)).toMatchObject({ status: 409 });
    expect(states()).toEqual(['null → pending']);
  });
});

const table = () => createTable(createDynamoClient(), ferry.aws.tableName);
const claimOf = (id: string) => ({ subject: `image#${id}#REGION2`, item: 'claim' });

describe('an import that is ended by others', () => {
  test('because another one has preempted it is reported as a failure, the other one goes on', async () => {
    await request();
    const first = asked.json['id'];
    await table().update(claimOf(imageId), { staleAt: Date.now() - 1 });
    await request();
    while (await queues.next('fail-import'));
    for (const step of ['stream-image', 'apply-metadata'] as const) while (await queues.next(step));
    const ends = told().filter(({ state }) => state !== 'pending' && state !== 'processing');
    expect(ends).toMatchObject([
      { task_id: first, state: 'failure', reason: 'Expired lock preempted', code: 'internal' },
      { task_id: asked.json['id'], state: 'success' },
    ]);
  });

  test('because nobody has heard of it for hours is told as a failure', async () => {
    await request();
    await queues.lose('stream-image');
    const at = new Date(Date.now() - 7 * 3_600_000);
    const silent = { revivals: 16, updatedAt: at.toISOString().replace('Z', '000') };
    await table().update({ ...claimOf(imageId), item: `task#${asked.json['id']}` }, silent);
    await table().update(claimOf(imageId), { staleAt: at.getTime() });
    expect(await ferry.sweep()).toMatchObject({ send: 1 });
    await queues.next('fail-import');
    expect(states()).toEqual(['null → pending', 'pending → failure']);
    expect(told().at(-1)?.reason).toMatch(/^No step of this import gave a sign of life/);
  });

  test('because its owner has called it off is told as a failure', async () => {
    await request();
    const answer = await ferry.http('cancel-import', { method: 'DELETE', imageId, token });
    expect(answer).toMatchObject({ status: 204 });
    await queues.next('fail-import');
    expect(states()).toEqual(['null → pending', 'pending → failure']);
    expect(told().at(-1)).toMatchObject({ code: 'cancelled', reason: 'Cancelled by its owner' });
  });
});

describe('a bus', () => {
  test('that is down holds up no import', async () => {
    ferry.aws.events.faults.inject({ kind: 'reset' }, Number.POSITIVE_INFINITY);
    await request();
    await queues.next('stream-image');
    await queues.next('apply-metadata');
    expect(await lastTask()).toMatchObject({ status: 'success' });
    expect(told()).toEqual([]);
  });

  test('that says nothing costs a request a second and no more', async () => {
    ferry.aws.events.faults.inject({ kind: 'silence' }, Number.POSITIVE_INFINITY);
    await request();
    ferry.aws.events.faults.clear();
    await queues.next('stream-image');
    await queues.next('apply-metadata');
    expect(await lastTask()).toMatchObject({ status: 'success' });
    expect(states()).toEqual(wholeLife.slice(1));
  });

  test('is told of an end once more when what follows has died', async () => {
    await request();
    await queues.next('stream-image');
    const send = DynamoDBClient.prototype.send;
    const isTold = () => told().some(({ state }) => state === 'success');
    const dying = vi.spyOn(DynamoDBClient.prototype, 'send').mockImplementation(function (
      this: DynamoDBClient,
      ...call: unknown[]
    ) {
      if (isTold()) throw new Error('dead');
      return Reflect.apply(send, this, call);
    });
    await queues.again('apply-metadata').catch(() => undefined);
    dying.mockRestore();
    expect(await lastTask()).toMatchObject({ status: 'processing' });
    expect(states()).toEqual(wholeLife);
    await queues.send('apply-metadata', { region: 'REGION2', imageId, taskId: asked.json['id'] });
    await table().update(claimOf(imageId), { leaseUntil: 0 });
    while (await queues.next('apply-metadata'));
    expect(await lastTask()).toMatchObject({ status: 'success' });
    expect(states()).toEqual([...wholeLife, 'processing → success']);
  });
});
