import { randomBytes } from 'node:crypto';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { FaultKind } from '../cloud/openstack/glance/faults.ts';
import type { ImageView } from '../cloud/openstack/glance/record.ts';
import { expectNothingLeft } from '../integration/nothing-left.ts';
import { useFerry } from '../integration/use-ferry.ts';

const MiB = 1024 ** 2;
const formats = { disk_format: 'raw', container_format: 'bare', hw_disk_bus: 'scsi' };
/** Segments of two parts, two at a time: an image of 21 MiB has three of them, the last one with one part. */
const settings = { PART_SIZE_MIB: '5', SEGMENT_SIZE_MIB: '10', SEGMENTS_AT_ONCE: '2', RETRY_DELAY_S: '0' };
const bytes = randomBytes(21 * MiB);

const ferry = useFerry({ env: settings });
let token: string;
let source: ImageView;
const sqs = () => new SQSClient({});

beforeAll(async () => {
  token = ferry.openstack.issueToken('demo');
  source = await ferry.openstack.regions.REGION1.createImage(formats, bytes);
});
afterEach(() => {
  ferry.openstack.regions.REGION1.clearRequests();
  ferry.openstack.regions.REGION1.clearFaults();
  ferry.aws.s3Faults.clear();
});

const start = async (fault?: FaultKind & { readonly times?: number }) => {
  const { REGION1, REGION2 } = ferry.openstack.regions;
  const target = await REGION2.createImage({ name: 'copy', disk_format: 'qcow2' });
  if (fault) REGION1.fault(source.id, { on: 'get-file', ...fault });
  expect(await ferry.importFrom(source.id, target.id, token)).toMatchObject({ status: 201 });
  return target;
};

/** Since the test began. */
const downloads = () =>
  ferry.openstack.regions.REGION1.requests().filter(({ path }) => path === `/v2/images/${source.id}/file`);
const ranges = () => downloads().map(({ headers }) => headers['range'] ?? 'all');
const rangeOf = (from: number, to: number) => `bytes=${from * MiB}-${to * MiB - 1}`;

const arrives = async ({ id }: ImageView) => {
  expect(await ferry.finished(id, token)).toMatchObject({
    status: 'success',
    message: 'Copied 21 MiB',
  });
  const { os_hash_value } = source;
  expect(ferry.openstack.regions.REGION2.image(id)).toMatchObject({ status: 'active', os_hash_value });
  await expectNothingLeft(ferry);
};

const isLeftAsItWas = async (targetId: string) => {
  const image = ferry.openstack.regions.REGION2.image(targetId);
  expect(image).toMatchObject({ status: 'queued', disk_format: 'qcow2' });
  expect(image).not.toHaveProperty('hw_disk_bus');
  await expectNothingLeft(ferry);
};

describe('a large image from a source with ranges', () => {
  test('is copied in segments, each read once, and arrives whole', async () => {
    await arrives(await start());
    const [probe, ...read] = ranges();
    expect(probe).toBe('bytes=0-0');
    expect(read.sort()).toEqual([rangeOf(0, 10), rangeOf(10, 20), rangeOf(20, 21)].sort());
  });

  test('is read by no more connections at a time than one import may have', async () => {
    const target = await start({ kind: 'slow', bytesPerSecond: 20 * MiB, times: 99 });
    let most = 0;
    const watch = setInterval(() => {
      const open = downloads().filter(({ status }) => status === undefined);
      most = Math.max(most, open.length);
    }, 5);
    await arrives(target);
    clearInterval(watch);
    expect(most).toBeLessThanOrEqual(2);
  });

  test('shows the progress of all its segments together', async () => {
    const { promise: until, resolve: release } = Promise.withResolvers<void>();
    const target = await start({ kind: 'hold', from: 16 * MiB, until, times: 99 });
    const message = async () => (await ferry.tasks(target.id, token)).at(-1)?.message;
    await expect.poll(message, { timeout: 60_000 }).toBe('Copied 15 MiB of 21 MiB');
    release();
    await arrives(target);
  });

  test('says that it is being verified before the first of it is', async () => {
    ferry.aws.s3Faults.inject('GetObject', { kind: 'delay', ms: 3000 });
    const target = await start();
    const message = async () => (await ferry.tasks(target.id, token)).at(-1)?.message;
    await expect.poll(message, { timeout: 60_000 }).toBe('Verified 0 MiB of 21 MiB');
    await arrives(target);
  });
});

test('a large image from a source without ranges is copied in one stream', async () => {
  await arrives(await start({ kind: 'status', status: 400, times: 1 }));
  expect(ranges()).toEqual(['bytes=0-0', 'all']);
});

describe('a segment', () => {
  test.each([
    ['whose connection breaks', { kind: 'drop-after', bytes: 7 * MiB, times: 2 }],
    [
      'whose source is overloaded',
      { kind: 'status', status: 503, headers: { 'retry-after': '0' }, times: 2 },
    ],
  ] as const)('%s goes on', async (_what, fault) => {
    await arrives(await start(fault));
  });

  test('whose bytes are not the source’s is found before the target is touched', async () => {
    const target = await start({ kind: 'corrupt-byte', at: 17 * MiB, times: 9 });
    expect(await ferry.finished(target.id, token)).toMatchObject({
      status: 'failure',
      message: expect.stringMatching(
        /^Failed to copy image \S+ of region REGION1: the finished object has sha512 \w+, the source's record says \w+$/,
      ),
    });
    const { REGION2 } = ferry.openstack.regions;
    const sent = REGION2.requests().filter(({ path }) => path.startsWith(`/v2/images/${target.id}`));
    expect(sent.filter(({ method }) => method === 'PUT' || method === 'PATCH')).toEqual([]);
    await isLeftAsItWas(target.id);
  });

  test('whose source has changed meanwhile fails the import, and leaves nothing', async () => {
    const { promise: until, resolve: release } = Promise.withResolvers<void>();
    const target = await start({ kind: 'hold', from: 1, until, times: 99 });
    await expect.poll(() => downloads().length, { timeout: 60_000 }).toBeGreaterThanOrEqual(2);
    ferry.openstack.regions.REGION1.change(source.id, { os_hash_value: 'e'.repeat(128) });
    release();
    expect(await ferry.finished(target.id, token)).toMatchObject({
      status: 'failure',
      message: expect.stringContaining('the source changed while it was copied'),
    });
    await isLeftAsItWas(target.id);
    const { os_hash_value } = source;
    ferry.openstack.regions.REGION1.change(source.id, { os_hash_value });
  });

  test('that cannot be stored fails the import after its tries, and the others stop', async () => {
    ferry.aws.s3Faults.inject('UploadPart', { kind: 'error', code: 'AccessDenied' }, 200);
    const target = await start();
    expect(await ferry.finished(target.id, token)).toMatchObject({
      status: 'failure',
      message: expect.stringContaining('Failed to upload part'),
    });
    ferry.aws.s3Faults.clear();
    await isLeftAsItWas(target.id);
  });
});

test('messages that come twice or more are copied once, and handed on once', async () => {
  const target = await start({ kind: 'slow', bytesPerSecond: 20 * MiB, times: 99 });
  const [task] = await ferry.tasks(target.id, token);
  const message = { region: 'REGION2', imageId: target.id, taskId: task?.id };
  const copyIdOf = async () =>
    (await ferry.traces.items()).find(({ item }) => item === 'copy')?.['copyId'] as string | undefined;
  await expect.poll(copyIdOf).toBeDefined();
  const copyId = await copyIdOf();
  const rows = [1, 2, 2].map((row) => ({ copyId, row }));
  const QueueUrl = ferry.aws.queues['StreamImageQueue']?.url;
  for (const again of [message, message, { copyId }, ...rows, { copyId }, message]) {
    const MessageBody = JSON.stringify(again);
    await sqs().send(new SendMessageCommand({ QueueUrl, MessageBody }));
  }
  await arrives(target);
  const starts = ranges().filter((range) => range !== 'bytes=0-0');
  expect(new Set(starts).size).toBe(starts.length);
  const { REGION2 } = ferry.openstack.regions;
  const puts = REGION2.requests().filter(
    ({ method, path }) => method === 'PUT' && path === `/v2/images/${target.id}/file`,
  );
  expect(puts).toHaveLength(1);
});

test('a store that breaks off while the object is verified is read on', async () => {
  ferry.aws.s3Faults.inject('GetObject', { kind: 'cut-body', afterBytes: 12 * MiB }, 2);
  await arrives(await start());
});
