import { randomBytes } from 'node:crypto';
import { AbortMultipartUploadCommand, GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createDynamoClient, createTable } from '../../lib/aws/table.ts';
import { createTasks, type Tasks } from '../../lib/imports/record/tasks.ts';
import type { ImageId, TaskId } from '../../lib/schemas/ids.ts';
import { type Ferry, startFerry } from './ferry.ts';
import { createQueuesByHand, type QueuesByHand } from './queues-by-hand.ts';

const MiB = 1024 ** 2;
const bytes = randomBytes(16 * MiB);
const formats = { disk_format: 'raw', container_format: 'bare' };
const settings = { PART_SIZE_MIB: '5', SEGMENT_SIZE_MIB: '5', SEGMENTS_AT_ONCE: '2' };

let ferry: Ferry;
let queues: QueuesByHand;
let tasks: Tasks;
let token: string;
let sourceId: string;
let key: { readonly imageId: ImageId; readonly id: TaskId };

beforeAll(async () => {
  const idle = ['stream-image', 'apply-metadata', 'fail-import'] as const;
  ferry = await startFerry({ env: settings, idle });
  queues = createQueuesByHand(ferry);
  tasks = createTasks(createTable(createDynamoClient(), ferry.aws.tableName), { ttlH: 1 });
  token = ferry.openstack.issueToken('demo');
  sourceId = (await ferry.openstack.regions.REGION1.createImage(formats, bytes)).id;
});
afterAll(async () => {
  queues.stop();
  await ferry.stop();
});

/** An image of four segments, in two rows: 1 and 3, 2 and 4. Its first message is in the queue. */
beforeEach(async () => {
  await drain();
  const target = await ferry.openstack.regions.REGION2.createImage({ name: 'copy' });
  await ferry.importFrom(sourceId, target.id, token);
  const [task] = await ferry.tasks(target.id, token);
  key = { imageId: target.id as ImageId, id: (task?.id ?? '') as TaskId };
});

/** The next message of stream-image, and what its function made of it. `whole` has no segment. */
const next = async (): Promise<number | 'whole' | undefined> => {
  const taken = await queues.next('stream-image');
  if (taken) expect(taken.result).toEqual({ batchItemFailures: [] });
  return taken && ((JSON.parse(taken.message.Body ?? '') as { segment?: number }).segment ?? 'whole');
};

const drain = async (): Promise<void> => {
  while (await next());
};

const send = (more: object = {}) =>
  new SQSClient({}).send(
    new SendMessageCommand({
      QueueUrl: ferry.aws.queues['StreamImageQueue']?.url,
      MessageBody: JSON.stringify({ imageId: key.imageId, taskId: key.id, ...more }),
    }),
  );

const take = async (count: number) => {
  const taken: unknown[] = [];
  for (let turn = 0; turn < count; turn += 1) taken.push(await next());
  return taken;
};

test('each segment sets off the one after it in its row, and the last one the whole', async () => {
  expect(await take(7)).toEqual(['whole', 1, 2, 3, 4, 'whole', undefined]);
  expect((await tasks.get(key))?.transferred?.size).toBe(16 * MiB);
});

test('a first message that comes twice copies nothing twice, and tells the whole once', async () => {
  const { REGION1 } = ferry.openstack.regions;
  const before = REGION1.requests().length;
  await send();
  expect(await take(12)).toEqual(['whole', 'whole', 1, 2, 1, 2, 3, 4, 3, 4, 'whole', undefined]);
  const ranges = REGION1.requests()
    .slice(before)
    .flatMap(({ path, headers }) => (path === `/v2/images/${sourceId}/file` ? [headers['range']] : []));
  expect(new Set(ranges.slice(1)).size).toBe(4);
  expect(ranges).toHaveLength(1 + 4);
});

test('a first message whose function died after it had made its plan sets the segments off', async () => {
  expect(await take(3)).toEqual(['whole', 1, 2]);
  await send();
  expect(await take(5)).toEqual([3, 4, 'whole', 'whole', undefined]);
  expect((await tasks.get(key))?.transferred?.size).toBe(16 * MiB);
});

test('a first message whose function died between its upload and its plan is cut all the same', async () => {
  expect(await take(1)).toEqual(['whole']);
  await tasks.update(key, { segments: undefined });
  await send();
  // Two messages find no plan, and ask for one; the next one makes it anew.
  expect(await take(3)).toEqual([1, 2, 'whole']);
  await drain();
  expect((await tasks.get(key))?.transferred?.size).toBe(16 * MiB);
});

test('a segment whose turn has not come is not copied, whoever asks for it', async () => {
  await send({ segment: 4 });
  await send({ segment: 9 });
  expect(await take(3)).toEqual(['whole', 4, 9]);
  expect((await tasks.parts(key)).size).toBe(0);
  expect(await take(6)).toEqual([1, 2, 3, 4, 'whole', undefined]);
});

test('a last segment that died before it could tell so tells it when it comes again, and others do not', async () => {
  expect(await take(5)).toEqual(['whole', 1, 2, 3, 4]);
  await drain();
  await tasks.update(key, { transferred: undefined, stored: undefined, gathering: { by: 4, isSent: false } });
  await send({ segment: 3 });
  expect(await take(2)).toEqual([3, undefined]);
  await send({ segment: 4 });
  expect(await take(2)).toEqual([4, 'whole']);
  await send({ segment: 4 });
  expect(await take(2)).toEqual([4, undefined]);
});

const partItem = (number: number) => ({ imageId: key.imageId, item: `part#${key.id}#0000${number}` });
const table = () => createTable(createDynamoClient(), ferry.aws.tableName);
const bytesOfObject = async () => {
  const s3 = new S3Client({ forcePathStyle: true });
  const { Body } = await s3.send(
    new GetObjectCommand({ Bucket: ferry.aws.bucketName, Key: `imports/${key.id}` }),
  );
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
};

test('segments of which parts are missing in the table have them copied once more, and become the image', async () => {
  expect(await take(5)).toEqual(['whole', 1, 2, 3, 4]);
  await table().remove(partItem(2));
  await table().remove(partItem(3));
  expect(await next()).toBe('whole');
  expect((await bytesOfObject()).equals(bytes)).toBe(true);
});

test('a part that the store has lost is copied once more, and the segments become the image', async () => {
  expect(await take(5)).toEqual(['whole', 1, 2, 3, 4]);
  const lost = await table().get(partItem(2));
  await table().put(partItem(2), { ...lost, etag: '"of nothing"' });
  const { result } = (await queues.next('stream-image')) ?? {};
  expect(result).toMatchObject({ batchItemFailures: [{}] });
  expect((await tasks.get(key))?.failure).toContain('the store does not have part 2 as it was stored');
  await send();
  expect(await next()).toBe('whole');
  expect((await bytesOfObject()).equals(bytes)).toBe(true);
});

test('an upload that is removed under its segments begins anew, and they become the image', async () => {
  expect(await take(3)).toEqual(['whole', 1, 2]);
  const s3 = new S3Client({ forcePathStyle: true });
  const { uploadId } = (await tasks.get(key)) ?? {};
  const upload = { Bucket: ferry.aws.bucketName, Key: `imports/${key.id}`, UploadId: uploadId };
  await s3.send(new AbortMultipartUploadCommand(upload));
  expect((await queues.next('stream-image'))?.result).toMatchObject({ batchItemFailures: [{}] });
  expect(await tasks.get(key)).not.toHaveProperty('segments');
  await send({ segment: 3 });
  while (!(await tasks.get(key))?.transferred) expect(await next()).toBeDefined();
  expect((await tasks.get(key))?.uploadId).toBeUndefined();
  expect((await bytesOfObject()).equals(bytes)).toBe(true);
});
