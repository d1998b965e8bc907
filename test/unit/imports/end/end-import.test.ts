import { CreateMultipartUploadCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createRelayStore, type RelayStore } from '../../../../lib/aws/relay-store.ts';
import { createS3Client } from '../../../../lib/aws/s3-client.ts';
import { createDynamoClient, createTable, type Table } from '../../../../lib/aws/table.ts';
import { type Claims, createClaims } from '../../../../lib/imports/record/claims.ts';
import { endImport } from '../../../../lib/imports/end/end-import.ts';
import { createEndLost } from '../../../../lib/imports/end/fail-import.ts';
import { type Ending, objectKey, type Task } from '../../../../lib/state/task.ts';
import { createTasks, type Tasks } from '../../../../lib/imports/record/tasks.ts';
import { log } from '../../../../lib/log.ts';
import { newAttemptId, newTaskId } from '../../../../lib/schemas/ids.ts';
import type { LocalAws } from '../../../cloud/aws/aws.ts';
import { createTraces } from '../../../integration/traces.ts';
import { startLocalAws } from '../../local-aws.ts';
import { taskFixture } from '../task-fixture.ts';

let aws: LocalAws;
let table: Table;
let tasks: Tasks;
let claims: Claims;
let relay: RelayStore;
let task: Task;
const { signal } = new AbortController();
const success: Ending = { status: 'success', message: 'Copied 1 MiB' };
const failure: Ending = { status: 'failure', message: 'no such source' };

beforeAll(async () => {
  log.setLogLevel('SILENT');
  aws = await startLocalAws();
  table = createTable(createDynamoClient(), aws.tableName);
  tasks = createTasks(table, { ttlH: 48 });
  claims = createClaims(table, { leaseMs: 50 });
  relay = createRelayStore(createS3Client(), aws.bucketName, { checksum: 'crc32', stallMs: 5_000 });
});
afterAll(() => aws.stop());

/** An import in its middle: a part, a segment at work, an upload of which nobody knows, and one that is known. */
beforeEach(async () => {
  task = taskFixture();
  await claims.take(task.imageId, task.id);
  await tasks.create(task);
  const uploadId = await relay.createUpload(objectKey(task), { signal });
  await tasks.update(task, { uploadId });
  await tasks.savePart(task, { number: 1, etag: 'e', size: 1, checksum: 'c' });
  await claims.begin({ imageId: task.imageId, taskId: task.id, attempt: newAttemptId(), segment: 1 });
  const s3 = new S3Client({ forcePathStyle: true });
  await s3.send(new CreateMultipartUploadCommand({ Bucket: aws.bucketName, Key: objectKey(task) }));
});

const end = (ending: Ending, services = { tasks, claims, relay }) =>
  endImport(services, { task, signal, log }, ending);
const itemsLeft = async () => (await table.query(task.imageId, '')).map(({ item }) => item);
const expectNothingLeft = async (): Promise<void> => {
  expect(await itemsLeft()).toEqual([`task#${task.id}`]);
  expect(await createTraces(aws).relay()).toEqual({ objects: [], uploads: [] });
};

describe.each([success, failure])('the end in $status', (ending) => {
  test('leaves the task alone, which says how, without its token', async () => {
    await end(ending);
    await expectNothingLeft();
    const ended = await tasks.get(task);
    expect(ended).toMatchObject(ending);
    expect(ended).not.toHaveProperty('sealed');
    expect(ended).not.toHaveProperty('ending');
  });

  test('may run twice, also side by side', async () => {
    await Promise.all([end(ending), end(ending)]);
    await end(ending);
    await expectNothingLeft();
    expect(await tasks.get(task)).toMatchObject(ending);
  });
});

test('an end that dies after any of its calls is the same when it is entered again, whatever enters it', async () => {
  const calls = ['decide', 'end', 'abortUpload', 'clear', 'forgetCopy', 'finish'] as const;
  for (const last of calls) {
    if (last !== calls[0]) task = taskFixture();
    await tasks.create(task);
    await claims.take(task.imageId, task.id);
    const dying = <T extends object>(port: T): T =>
      new Proxy(port, {
        get: (target, name) => {
          const call: unknown = Reflect.get(target, name);
          if (name !== last || typeof call !== 'function') return call;
          return async (...args: unknown[]) => {
            await Reflect.apply(call, target, args);
            throw new Error(`dead after ${last}`);
          };
        },
      });
    const services = { tasks: dying(tasks), claims: dying(claims), relay: dying(relay) };
    task = { ...task, uploadId: 'known' };
    await expect(end(success, services)).rejects.toThrow(`dead after ${last}`);
    const left = (await tasks.get(task)) ?? task;
    await end(left.ending ?? failure);
    expect(await tasks.get(task)).toMatchObject(success);
    expect(await itemsLeft()).toEqual([`task#${task.id}`]);
  }
});

test('an import that was pushed aside ends, and leaves the image to the other one', async () => {
  const other = newTaskId();
  await table.put({ imageId: task.imageId, item: 'claim' }, { taskId: other, staleAt: Date.now() + 60_000 });
  await createEndLost({ tasks, claims, relay })({ task, signal, log });
  expect(await tasks.get(task)).toMatchObject({ status: 'failure', message: 'Expired lock preempted' });
  expect(await claims.holder(task.imageId)).toBe(other);
  expect(await createTraces(aws).relay()).toEqual({ objects: [], uploads: [] });
});
