import { randomBytes } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Glance } from '../cloud/openstack/glance/glance.ts';
import type { ImageView } from '../cloud/openstack/glance/record.ts';
import { expectNothingLeft } from '../integration/nothing-left.ts';
import { useFerry } from '../integration/use-ferry.ts';

const MiB = 1024 ** 2;
/** Two parts of 5 MiB at most, which is as small as S3 takes them. */
const bytes = randomBytes(7 * MiB);

const ferry = useFerry({ env: { PART_SIZE_MIB: '5', SOURCE_STALL_S: '1' } });
let token: string;
let region1: Glance;
let region2: Glance;
let source: ImageView;
let target: ImageView;

beforeAll(async () => {
  token = ferry.openstack.issueToken('demo');
  ({ REGION1: region1, REGION2: region2 } = ferry.openstack.regions);
  const properties = { hw_disk_bus: 'scsi', os_distro: 'debian' };
  source = await region1.createImage({ disk_format: 'raw', container_format: 'bare', ...properties }, bytes);
});

const newTarget = async (): Promise<void> => {
  target = await region2.createImage({ name: 'copy', disk_format: 'qcow2', os_distro: 'own', mine: 'kept' });
};

afterEach(() => {
  region1.clearFaults();
  region2.clearFaults();
  ferry.aws.s3Faults.clear();
});

const importIt = async () => {
  expect(await ferry.importFrom(source.id, target.id, token)).toMatchObject({ status: 201 });
  return await ferry.finished(target.id, token);
};

/** The record but for `updated_at`, which a change and its undoing move. */
const recordOf = (id: string) => ({ ...region2.image(id), updated_at: undefined });

const copied = () => ({
  status: 'active',
  os_hash_value: source.os_hash_value,
  hw_disk_bus: 'scsi',
  mine: 'kept',
});

describe('an import that cannot succeed ends in failure with the reason, the target as before, and a second one works', () => {
  const cases: readonly [string, () => void, RegExp][] = [
    [
      'the bytes are not those of the hash',
      () => region1.fault(source.id, { on: 'get-file', kind: 'corrupt-byte', at: 6 * MiB, times: 9 }),
      /^Failed to copy image \S+ of region REGION1: the bytes have sha512 \w+, the source's record says \w+$/,
    ],
    [
      'the body is shorter than the record says',
      () => region1.fault(source.id, { on: 'get-file', kind: 'short-body', bytes: 6 * MiB, times: 9 }),
      /^Failed to copy image \S+ of region REGION1: got 6291456 bytes instead of 7340032$/,
    ],
    [
      'the connection breaks at every try',
      () => region1.fault(source.id, { on: 'get-file', kind: 'close-after', bytes: 0, times: 99 }),
      /^Failed to copy image \S+ of region REGION1: /,
    ],
    [
      'the source’s file is cut short on its disk',
      () => region1.fault(source.id, { on: 'get-file', kind: 'truncated', bytes: 6 * MiB, times: 99 }),
      /^Failed to copy image \S+ of region REGION1: the source ends at byte 6291456 of 7340032$/,
    ],
    [
      'the source has lost its data',
      () => region1.fault(source.id, { on: 'get-file', kind: 'status', status: 204, times: 9 }),
      /^Failed to download image \S+ of region REGION1: the source answered 204, it has no data$/,
    ],
    [
      'the source refuses the download',
      () => region1.fault(source.id, { on: 'get-file', kind: 'status', status: 403, times: 9 }),
      /^Failed to download image \S+ of region REGION1: Forbidden$/,
    ],
    [
      'the target refuses the data',
      () => region2.fault(target.id, { on: 'put-file', kind: 'status', status: 413, times: 9 }),
      /^Failed to upload image \S+ to \S+: Request Entity Too Large$/,
    ],
    [
      'the target refuses the properties',
      () => region2.fault(target.id, { on: 'patch', kind: 'status', status: 403, times: 1 }),
      /^Failed to change image \S+ at \S+: Forbidden$/,
    ],
  ];

  test.each(cases)('%s', async (_, breakIt, reason) => {
    await newTarget();
    const before = recordOf(target.id);
    breakIt();
    expect(await ferry.importFrom(source.id, target.id, token)).toMatchObject({ status: 201 });
    const task = await ferry.finished(target.id, token);
    expect(task).toMatchObject({ status: 'failure', result: null, message: expect.stringMatching(reason) });
    expect(recordOf(target.id)).toEqual(before);
    await expectNothingLeft(ferry);

    region1.clearFaults();
    region2.clearFaults();
    expect(await importIt()).toMatchObject({ status: 'success' });
    expect(region2.image(target.id)).toMatchObject(copied());
  });
});

test('a relay object that cannot be read any more never becomes an active image', async () => {
  await newTarget();
  const before = recordOf(target.id);
  ferry.aws.s3Faults.inject('GetObject', { kind: 'cut-body', afterBytes: 0 }, 99);
  expect(await importIt()).toMatchObject({ status: 'failure' });
  expect(recordOf(target.id)).toEqual(before);
  await expectNothingLeft(ferry);
});

test('a target that is deleted meanwhile ends the import, and nothing is left of it', async () => {
  await newTarget();
  const { promise: until, resolve: release } = Promise.withResolvers<void>();
  region1.fault(source.id, { on: 'get-file', kind: 'hold', from: MiB, until });
  const answer = await ferry.importFrom(source.id, target.id, token);
  const url = `${region2.url}/v2/images/${target.id}`;
  expect(await fetch(url, { method: 'DELETE', headers: { 'x-auth-token': token } })).toMatchObject({
    status: 204,
  });
  release();
  await expect
    .poll(async () =>
      (await ferry.traces.items()).find(
        ({ taskId, kind }) => kind === 'task' && taskId === answer.json['id'],
      ),
    )
    .toMatchObject({
      status: 'failure',
      message: expect.stringContaining(`No image found with ID ${target.id}`),
    });
  await expectNothingLeft(ferry);
  expect(await ferry.http('list-tasks', { method: 'GET', imageId: target.id, token })).toMatchObject({
    status: 404,
  });
});

describe('an import survives', () => {
  const cases: readonly [string, () => void][] = [
    [
      'a connection that breaks twice',
      () => region1.fault(source.id, { on: 'get-file', kind: 'drop-after', bytes: 3 * MiB, times: 2 }),
    ],
    [
      'a source that stalls',
      () => region1.fault(source.id, { on: 'get-file', kind: 'stall-after', bytes: 6 * MiB }),
    ],
    [
      'a source that is overloaded',
      () => region1.fault(source.id, { on: 'get-file', kind: 'status', status: 503, times: 2 }),
    ],
    [
      'an object store that is overloaded',
      () => ferry.aws.s3Faults.inject('UploadPart', { kind: 'error', code: 'SlowDown' }, 2),
    ],
    [
      'a lost answer to the end of the upload',
      () => ferry.aws.s3Faults.inject('CompleteMultipartUpload', { kind: 'lost-answer' }),
    ],
    [
      'an upload that was removed under it',
      () => ferry.aws.s3Faults.inject('UploadPart', { kind: 'error', code: 'NoSuchUpload' }),
    ],
    [
      'an object that the store does not show for a moment after its upload ended',
      () => ferry.aws.s3Faults.inject('GetObject', { kind: 'error', code: 'NoSuchKey' }, 3),
    ],
    [
      'a part that the store does not have (InvalidPart)',
      () => ferry.aws.s3Faults.inject('CompleteMultipartUpload', { kind: 'error', code: 'InvalidPart' }),
    ],
    [
      'a relay object that breaks off while it is read',
      () => ferry.aws.s3Faults.inject('GetObject', { kind: 'cut-body', afterBytes: 5 * MiB }),
    ],
    ['a lost answer to the properties', () => region2.fault(target.id, { on: 'patch', kind: 'lose-answer' })],
    [
      'a lost answer to the upload of the data',
      () => region2.fault(target.id, { on: 'put-file', kind: 'lose-answer' }),
    ],
  ];

  test.each(cases)('%s', async (_name, breakIt) => {
    await newTarget();
    breakIt();
    expect(await importIt()).toMatchObject({ status: 'success' });
    expect(region2.image(target.id)).toMatchObject(copied());
    await expectNothingLeft(ferry);
  });
});

test('the messages of a finished import do nothing when they come again', async () => {
  await newTarget();
  const task = await importIt();
  const body = JSON.stringify({ region: 'REGION2', imageId: target.id, taskId: task.id });
  const record = {
    messageId: 'again',
    receiptHandle: 'gone',
    body,
    attributes: { ApproximateReceiveCount: '2' },
  };
  const after = region2.image(target.id);
  for (const name of ['stream-image', 'apply-metadata', 'fail-import'] as const) {
    expect(await ferry.invoke(name, { Records: [record] })).toEqual({ batchItemFailures: [] });
  }
  expect(region2.image(target.id)).toEqual(after);
  expect((await ferry.tasks(target.id, token)).at(-1)).toEqual(task);
  await expectNothingLeft(ferry);
});

// The last one: the SDK's clients in this process keep what they have learnt of the store's time.
test('an import survives a store whose clock is an hour away', async () => {
  await newTarget();
  ferry.aws.s3Faults.setClock(3_600_000);
  expect(await importIt()).toMatchObject({ status: 'success' });
  expect(region2.image(target.id)).toMatchObject(copied());
  await expectNothingLeft(ferry);
});
