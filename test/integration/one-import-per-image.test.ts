import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { claimKey } from '../../lib/aws/state/keys.ts';
import type { ImageId, RegionName } from '../../lib/schemas/ids.ts';
import type { Answer } from './ferry.ts';
import { expectError } from './refusals.ts';
import { useFerryByHand } from './use-ferry.ts';

const { ferry, queues } = useFerryByHand();
let token: string;
let sourceId: string;
let imageId: string;

beforeAll(async () => {
  token = ferry.openstack.issueToken('demo');
  const formats = { disk_format: 'raw', container_format: 'bare' };
  sourceId = (await ferry.openstack.regions.REGION1.createImage(formats, 'data')).id;
});
beforeEach(async () => {
  imageId = (await ferry.openstack.regions.REGION2.createImage({ name: 'target' })).id;
});

const request = (): Promise<Answer> => ferry.importFrom(sourceId, imageId, token);
const itemsOf = async (id: string) => (await ferry.traces.items()).filter((item) => item['imageId'] === id);
const messagesToStream = async () => (await ferry.traces.messages())['StreamImageQueue'] ?? 0;

test.each([2, 10])('of %d requests at once exactly one is 201, the others are 409', async (times) => {
  const before = await messagesToStream();
  const answers = await Promise.all(Array.from({ length: times }, request));
  const won = answers.filter(({ status }) => status === 201);
  const lost = answers.filter(({ status }) => status === 409);
  expect([won.length, lost.length]).toEqual([1, times - 1]);
  for (const { json } of lost)
    expect([
      'Image has active task',
      `New operation on image '${imageId}' is not permitted as prior operation is still in progress`,
    ]).toContain(json['message']);

  const items = await itemsOf(imageId);
  expect(items.map(({ item }) => item)).toEqual(['claim', `task#${won[0]?.json['id']}`]);
  expect(await messagesToStream()).toBe(before + 1);
});

test('an import that nobody has worked on for two hours gives way to a new request and says so', async () => {
  const first = await request();
  const dynamodb = new DynamoDBClient({});
  await dynamodb.send(
    new UpdateItemCommand({
      TableName: ferry.aws.tableName,
      Key: marshall(claimKey({ region: 'REGION2' as RegionName, imageId: imageId as ImageId })),
      UpdateExpression: 'SET staleAt = :now',
      ExpressionAttributeValues: { ':now': { N: `${Date.now() - 1}` } },
    }),
  );
  dynamodb.destroy();

  const second = await request();
  expect(second.status).toBe(201);
  await queues.next('fail-import');
  expect(await ferry.tasks(imageId, token)).toMatchObject([
    { id: first.json['id'], status: 'failure', message: 'Expired lock preempted' },
    { id: second.json['id'], status: 'pending' },
  ]);
  expectError(await request(), { status: 409, message: 'Image has active task' });
});

test('a request whose message cannot be queued is 503 and leaves the image free', async () => {
  const url = process.env['STREAM_IMAGE_QUEUE_URL'];
  vi.resetModules();
  vi.stubEnv('STREAM_IMAGE_QUEUE_URL', `${url}-that-is-gone`);
  const message = expect.stringMatching(
    '^Failed to send a message to queue StreamImageQueue-that-is-gone: Queue',
  );
  expectError(await request(), { status: 503, message });
  expect(await itemsOf(imageId)).toEqual([]);

  vi.unstubAllEnvs();
  vi.resetModules();
  expect(await request()).toMatchObject({ status: 201 });
});
