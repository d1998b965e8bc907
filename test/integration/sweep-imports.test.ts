import { randomBytes } from 'node:crypto';
import { CreateMultipartUploadCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createDynamoClient, createTable, type Table } from '../../lib/aws/table.ts';
import { newTaskId } from '../../lib/schemas/ids.ts';
import { type Ferry, startFerry } from './ferry.ts';
import { createQueuesByHand, type QueuesByHand, steps } from './queues-by-hand.ts';

const formats = { disk_format: 'raw', container_format: 'bare' };

let ferry: Ferry;
let queues: QueuesByHand;
let table: Table;
let token: string;
let sourceId: string;
let imageId: string;
let taskId: string;

beforeAll(async () => {
  ferry = await startFerry({ idle: steps });
  queues = createQueuesByHand(ferry);
  table = createTable(createDynamoClient(), ferry.aws.tableName);
  token = ferry.openstack.issueToken('demo');
  const { REGION1 } = ferry.openstack.regions;
  sourceId = (await REGION1.createImage(formats, randomBytes(1000))).id;
});
afterAll(async () => {
  queues.stop();
  await ferry.stop();
});

const drain = async (): Promise<void> => {
  for (const step of steps) while (await queues.next(step));
};
const sweep = () => ferry.sweep();
const lastTask = async () => (await ferry.tasks(imageId, token)).at(-1);
const itemsLeft = async () => (await table.query(imageId, '')).map(({ item }) => String(item));

/** An import whose message is lost. */
beforeEach(async () => {
  await drain();
  await sweep();
  imageId = (await ferry.openstack.regions.REGION2.createImage({ name: 'copy' })).id;
  const { json } = await ferry.importFrom(sourceId, imageId, token);
  taskId = String(json['id']);
  await queues.lose('stream-image');
});

/** As if nothing had been heard of it for so long. */
const silentFor = async (hours: number): Promise<void> => {
  const at = new Date(Date.now() - hours * 3_600_000);
  const updatedAt = at.toISOString().replace('Z', '000');
  await table.update({ imageId, item: `task#${taskId}` }, { updatedAt });
  await table.update({ imageId, item: 'claim' }, { staleAt: at.getTime() });
};

test('an import whose message was lost goes on after six hours, and arrives', async () => {
  await silentFor(5);
  expect(await sweep()).toMatchObject({ send: 0 });
  await silentFor(7);
  expect(await sweep()).toEqual({ send: 1, release: 0, forget: 0, clear: 0, failed: 0 });
  await queues.next('stream-image');
  await queues.next('apply-metadata');
  expect(await lastTask()).toMatchObject({ status: 'success' });
  expect(await itemsLeft()).toEqual([`task#${taskId}`]);
});

test('an import that was told to go on many times in vain is ended', async () => {
  await table.update({ imageId, item: `task#${taskId}` }, { revivals: 16 });
  await silentFor(7);
  expect(await sweep()).toMatchObject({ send: 1 });
  expect(await queues.next('stream-image')).toBeUndefined();
  await queues.next('fail-import');
  expect(await lastTask()).toMatchObject({ status: 'failure', result: null });
  expect(await itemsLeft()).toEqual([`task#${taskId}`]);
});

test('a task whose claim is gone is ended after an hour', async () => {
  await table.remove({ imageId, item: 'claim' });
  await silentFor(0.5);
  await table.remove({ imageId, item: 'claim' });
  expect(await sweep()).toMatchObject({ send: 0 });
  await silentFor(2);
  await table.remove({ imageId, item: 'claim' });
  expect(await sweep()).toMatchObject({ send: 1 });
  await queues.next('fail-import');
  expect(await lastTask()).toMatchObject({
    status: 'failure',
    message:
      'No step of this import gave a sign of life for hours: its messages were lost, or their function died each time',
  });
});

test('uploads, objects and items of no import go, and everything else stays', async () => {
  const s3 = new S3Client({ forcePathStyle: true });
  const Bucket = ferry.aws.bucketName;
  const deadId = newTaskId();
  const [dead, live] = [deadId, taskId].map((id) => `imports/${id}`);
  for (const Key of [dead, live]) {
    await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
  }
  await s3.send(new PutObjectCommand({ Bucket, Key: 'somebody/else', Body: 'x' }));
  await table.put({ imageId: newTaskId(), item: `task#${deadId}` }, { id: deadId, status: 'failure' });
  await table.put({ imageId, item: `part#${newTaskId()}#00001` }, {});
  await table.put({ imageId, item: `part#${taskId}#00001` }, {});
  expect(await sweep()).toEqual({ send: 0, release: 0, forget: 1, clear: 1, failed: 0 });
  expect(await ferry.traces.relay()).toEqual({ objects: [live, 'somebody/else'], uploads: [live] });
  expect(await itemsLeft()).toEqual(['claim', `part#${taskId}#00001`, `task#${taskId}`]);
});

test('what cannot be swept now does not keep the rest', async () => {
  const s3 = new S3Client({ forcePathStyle: true });
  for (const id of [newTaskId(), newTaskId()]) {
    await table.put({ imageId: newTaskId(), item: `task#${id}` }, { id, status: 'success' });
    await s3.send(new PutObjectCommand({ Bucket: ferry.aws.bucketName, Key: `imports/${id}`, Body: 'x' }));
  }
  ferry.aws.s3Faults.inject('DeleteObject', { kind: 'error', code: 'AccessDenied' });
  expect(await sweep()).toMatchObject({ clear: 1, failed: 1 });
  expect(await sweep()).toMatchObject({ clear: 1, failed: 0 });
});

test('imports are taken care of although the relay cannot be listed', async () => {
  await silentFor(7);
  ferry.aws.s3Faults.inject('ListMultipartUploads', { kind: 'error', code: 'InternalError' }, 4);
  expect(await sweep()).toMatchObject({ send: 1, failed: 0 });
});
