import { createHash, randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createRelayStore, type RelayStore } from '../../../../lib/aws/s3/relay-store.ts';
import { createS3Client } from '../../../../lib/aws/s3/s3-client.ts';
import { createDynamoClient, createTable } from '../../../../lib/aws/table.ts';
import { verifyObject } from '../../../../lib/copies/object/verify-object.ts';
import { FerryError } from '../../../../lib/errors.ts';
import { createTasks, type Tasks } from '../../../../lib/imports/record/tasks.ts';
import { log } from '../../../../lib/log.ts';
import { newAttemptId } from '../../../../lib/schemas/ids.ts';
import { objectKey, type Task } from '../../../../lib/state/task.ts';
import type { LocalAws } from '../../../cloud/aws/aws.ts';
import { taskFixture } from '../../imports/task-fixture.ts';
import { startLocalAws } from '../../local-aws.ts';
import { partChecksum } from '../../part-checksum.ts';

const MiB = 1024 ** 2;
/** Two blocks: 16 MiB, and 1. */
const bytes = randomBytes(17 * MiB);
const hex = (algorithm: string) => createHash(algorithm).update(bytes).digest('hex');
const shake = createHash('shake128', { outputLength: 16 }).update(bytes).digest('hex');
const [sha512, sha256] = [hex('sha512'), hex('sha256')];
const live = { signal: new AbortController().signal };

let aws: LocalAws;
let tasks: Tasks;
let relay: RelayStore;
let task: Task;
/** What each run found done when it began. */
let begun: number[];
/** First bytes of the ranges that nobody reads any more. */
let closed: Set<number>;

beforeAll(async () => {
  log.setLogLevel('SILENT');
  aws = await startLocalAws();
  tasks = createTasks(createTable(createDynamoClient(), aws.tableName), { ttlH: 48 });
  relay = createRelayStore(createS3Client(), aws.bucketName, { checksum: 'crc32', stallMs: 5000 });
});
beforeEach(async () => {
  begun = [];
  closed = new Set();
  task = taskFixture();
  await tasks.create(task);
  const key = objectKey(task);
  const uploadId = await relay.createUpload(key, live);
  const part = { number: 1, checksum: partChecksum('crc32', bytes) };
  const etag = await relay.uploadPart({ key, uploadId, bytes, ...part }, live);
  await relay.completeUpload({ key, uploadId, size: bytes.length, parts: [{ ...part, etag }] }, live);
});
afterEach(() => aws.s3Faults.clear());
afterAll(() => aws.stop());

const read = async (): Promise<Task> => (await tasks.get(task)) ?? expect.fail('no task');

/** The relay, which tells what was read. */
const watched = (): RelayStore => ({
  ...relay,
  open: async (key, range) => {
    const opened = await relay.open(key, range);
    const close = (): void => {
      closed.add(opened.startsAt);
      opened.body.close();
    };
    return { ...opened, body: { fill: (target) => opened.body.fill(target), close } };
  },
});

/** One run on the task as it is now. @param firstDelayMs before a broken object is read on */
const verify = async (
  hash: { algorithm: string; value: string } | undefined,
  { signal = live.signal, firstDelayMs = 1 } = {},
) => {
  const services = { tasks, relay: watched(), sourceBudget: { retries: 2, firstDelayMs } };
  const current = await read();
  const claim = { imageId: current.imageId, taskId: current.id, attempt: newAttemptId() };
  const begin = async (stored: number) => void begun.push(stored);
  return await verifyObject(
    services,
    { task: current, claim, receiveCount: 1, begin, signal, log },
    { size: bytes.length, hash },
  );
};

/** A run whose reading breaks off in its second block, and whose time ends while it waits to read on. */
const interrupted = async (code: 'out-of-time' | 'claim-lost') => {
  aws.s3Faults.inject('GetObject', { kind: 'delay', ms: 0 });
  aws.s3Faults.inject('GetObject', { kind: 'cut-body', afterBytes: MiB / 2 });
  const controller = new AbortController();
  const run = verify(
    { algorithm: 'sha512', value: sha512 },
    { signal: controller.signal, firstDelayMs: 60_000 },
  );
  const ended = expect(run).rejects.toMatchObject({ code });
  await expect.poll(() => aws.s3Faults.left('GetObject')).toBe(0);
  await expect.poll(() => closed).toContain(0);
  controller.abort(new FerryError(code, 'the end'));
  await ended;
};

describe('a finished object', () => {
  test.each([
    [{ algorithm: 'sha512', value: sha512 }, { sha512 }],
    [
      { algorithm: 'sha256', value: sha256 },
      { sha256, sha512 },
    ],
    [undefined, { sha512 }],
    // In one run, since its state cannot be saved.
    [
      { algorithm: 'sha512_256', value: hex('sha512-256') },
      { sha512_256: hex('sha512-256'), sha512 },
    ],
    [
      { algorithm: 'shake_128', value: shake },
      { shake_128: shake, sha512 },
    ],
    [
      { algorithm: 'sm3', value: hex('sm3') },
      { sm3: hex('sm3'), sha512 },
    ],
  ])('is proven by its source’s hash %j, and has the target’s beside it', async (hash, digests) => {
    expect(await verify(hash)).toEqual({ size: bytes.length, digests });
  });

  test('with other bytes is refused, with both hashes', async () => {
    await expect(verify({ algorithm: 'sha256', value: 'f00' })).rejects.toMatchObject({
      code: 'data-mismatch',
      message: `The transferred object of image ${task.imageId} has sha256 ${sha256} instead of f00`,
    });
  });

  test('whose store breaks off is read on at the byte where it ended', async () => {
    aws.s3Faults.inject('GetObject', { kind: 'cut-body', afterBytes: 3 * MiB }, 2);
    expect(await verify({ algorithm: 'sha512', value: sha512 })).toMatchObject({ digests: { sha512 } });
  });
});

describe('a verification whose time ends', () => {
  test('goes on in another run where it was, and says how far it is', async () => {
    await interrupted('out-of-time');
    const { verification, message } = await read();
    expect(verification?.offset).toBe(16 * MiB);
    expect(message).toBe('Verified 16 MiB of 17 MiB');
    expect(await verify({ algorithm: 'sha512', value: sha512 })).toMatchObject({ digests: { sha512 } });
    expect(begun).toEqual([0, 16 * MiB]);
  });

  test('that belongs to another attempt saves nothing', async () => {
    await interrupted('claim-lost');
    expect(await read()).not.toHaveProperty('verification');
  });

  test('begins anew where its state cannot be read', async () => {
    await tasks.update(task, { verification: { offset: 5 * MiB, states: { sha512: 'bm9uc2Vuc2U=' } } });
    expect(await verify({ algorithm: 'sha512', value: sha512 })).toMatchObject({ digests: { sha512 } });
    expect(begun).toEqual([0]);
  });
});
