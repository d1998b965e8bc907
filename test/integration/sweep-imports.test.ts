import { randomBytes } from 'node:crypto';
import { CreateMultipartUploadCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { createDynamoClient, createTable, type Table } from '../../lib/aws/table.ts';
import { newGeneration } from '../../lib/schemas/ids.ts';
import { steps } from './queues-by-hand.ts';
import { useFerryByHand } from './use-ferry.ts';

const formats = { disk_format: 'raw', container_format: 'bare' };

const { ferry, queues } = useFerryByHand();
let table: Table;
let token: string;
let sourceId: string;
let imageId: string;
let taskId: string;

beforeAll(async () => {
  table = createTable(createDynamoClient(), ferry.aws.tableName);
  token = ferry.openstack.issueToken('demo');
  const { REGION1 } = ferry.openstack.regions;
  sourceId = (await REGION1.createImage(formats, randomBytes(1000))).id;
});

const drain = async (): Promise<void> => {
  for (const step of steps) while (await queues.next(step));
};
const sweep = () => ferry.sweep();
const lastTask = async () => (await ferry.tasks(imageId, token)).at(-1);
const subject = () => `image#${imageId}#REGION2`;
const itemsLeft = async () => (await table.query(subject(), '')).map(({ item }) => String(item));
const nothing = { send: 0, resume: 0, release: 0, leave: 0, end: 0, clear: 0, forget: 0, failed: 0, left: 0 };

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
  await table.update({ subject: subject(), item: `task#${taskId}` }, { updatedAt });
  await table.update({ subject: subject(), item: 'claim' }, { staleAt: at.getTime() });
};

test('an import whose message was lost goes on after six hours, and arrives', async () => {
  await silentFor(5);
  expect(await sweep()).toMatchObject({ send: 0 });
  await silentFor(7);
  expect(await sweep()).toEqual({ ...nothing, send: 1 });
  await queues.next('stream-image');
  await queues.next('apply-metadata');
  expect(await lastTask()).toMatchObject({ status: 'success' });
  expect(await itemsLeft()).toEqual([`task#${taskId}`]);
});

test('an import that was told to go on many times in vain is ended', async () => {
  await table.update({ subject: subject(), item: `task#${taskId}` }, { revivals: 16 });
  await silentFor(7);
  expect(await sweep()).toMatchObject({ send: 1 });
  expect(await queues.next('stream-image')).toBeUndefined();
  await queues.next('fail-import');
  expect(await lastTask()).toMatchObject({ status: 'failure', result: null });
  expect(await itemsLeft()).toEqual([`task#${taskId}`]);
});

test('a task whose claim is gone is ended after an hour', async () => {
  await table.remove({ subject: subject(), item: 'claim' });
  await silentFor(0.5);
  await table.remove({ subject: subject(), item: 'claim' });
  expect(await sweep()).toMatchObject({ send: 0 });
  await silentFor(2);
  await table.remove({ subject: subject(), item: 'claim' });
  expect(await sweep()).toMatchObject({ send: 1 });
  await queues.next('fail-import');
  expect(await lastTask()).toMatchObject({
    status: 'failure',
    message:
      'No step of this import gave a sign of life for hours: its messages were lost, or their function died each time',
  });
});

/** Of a copy, in the relay. */
const relayKey = (copyId: string, generation: string) => `copies/${copyId}/${generation}`;
const partOf = (copyId: string, generation: string) => ({
  subject: `copy#${copyId}`,
  item: `part#${generation}#00001`,
});

test('uploads, objects and parts of no copy go, and everything else stays', async () => {
  const s3 = new S3Client({ forcePathStyle: true });
  const Bucket = ferry.aws.bucketName;
  const [dead, others] = [randomBytes(32).toString('hex'), randomBytes(32).toString('hex')];
  const generation = newGeneration();
  const [deadKey, othersKey] = [relayKey(dead, generation), relayKey(others, generation)];
  for (const Key of [deadKey, othersKey]) {
    await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
  }
  await s3.send(new PutObjectCommand({ Bucket, Key: 'somebody/else', Body: 'x' }));
  await table.put(partOf(dead, generation), {});
  expect(await sweep()).toEqual({ ...nothing, clear: 1 });
  expect(await ferry.traces.relay()).toEqual({ objects: [othersKey, 'somebody/else'], uploads: [othersKey] });
  expect(await itemsLeft()).toEqual(['claim', `task#${taskId}`]);
  expect(await table.query(`copy#${dead}`, '')).toEqual([]);
});

test('what cannot be swept now does not keep the rest', async () => {
  const s3 = new S3Client({ forcePathStyle: true });
  for (const copyId of [randomBytes(32).toString('hex'), randomBytes(32).toString('hex')]) {
    const generation = newGeneration();
    await table.put(partOf(copyId, generation), {});
    const Key = relayKey(copyId, generation);
    await s3.send(new PutObjectCommand({ Bucket: ferry.aws.bucketName, Key, Body: 'x' }));
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
