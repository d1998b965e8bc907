import { randomBytes } from 'node:crypto';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Glance } from '../cloud/openstack/glance/glance.ts';
import type { ImageView } from '../cloud/openstack/glance/record.ts';
import { steps } from './queues-by-hand.ts';
import { useFerryByHand } from './use-ferry.ts';

const bytes = randomBytes(100_000);
const formats = { disk_format: 'raw', container_format: 'bare' };

const { ferry, queues } = useFerryByHand();
let token: string;
let region1: Glance;
let region2: Glance;
let source: ImageView;
let target: ImageView;

beforeAll(() => {
  ({ REGION1: region1, REGION2: region2 } = ferry.openstack.regions);
});

beforeEach(async () => {
  token = ferry.openstack.issueToken('demo');
  source = await region1.createImage({ ...formats, hw_disk_bus: 'scsi' }, bytes);
  target = await region2.createImage({ name: 'copy', disk_format: 'qcow2', hw_disk_bus: 'own' });
});
afterEach(async () => {
  region1.clearFaults();
  region2.clearFaults();
  ferry.aws.s3Faults.clear();
  for (const step of steps) while (await queues.next(step));
});

const request = async () =>
  expect(await ferry.importFrom(source.id, target.id, token)).toMatchObject({ status: 201 });
const lastTask = async () => (await ferry.tasks(target.id, ferry.openstack.issueToken('demo'))).at(-1);
const given = () => ({
  status: 'active',
  os_hash_value: source.os_hash_value,
  hw_disk_bus: 'scsi',
  disk_format: 'raw',
});
const asBefore = { status: 'queued', disk_format: 'qcow2', hw_disk_bus: 'own' };

const nothingIsLeft = async (): Promise<void> => {
  expect(await ferry.traces.relay()).toEqual({ objects: [], uploads: [] });
  const items = (await ferry.traces.items()).filter(({ imageId }) => imageId === target.id);
  expect(items.map(({ item }) => String(item).slice(0, 5))).toEqual(['task#']);
  expect(JSON.stringify(items)).not.toContain('sealed');
};

/** The owner's own PATCH of one property. */
const patch = async (
  { url }: Glance,
  imageId: string,
  property: { path: string; value: string },
): Promise<void> => {
  const { status } = await fetch(`${url}/v2/images/${imageId}`, {
    method: 'PATCH',
    headers: { 'x-auth-token': token, 'content-type': 'application/openstack-images-v2.1-json-patch' },
    body: JSON.stringify([{ op: 'add', ...property }]),
  });
  expect(status).toBe(200);
};

/** The owner's own PUT of data. */
const upload = (data: Buffer): Promise<Response> =>
  fetch(`${region2.url}/v2/images/${target.id}/file`, {
    method: 'PUT',
    headers: { 'x-auth-token': token, 'content-type': 'application/octet-stream' },
    body: new Uint8Array(data),
  });

const unseen = '. Glance has taken them all, but its image was not seen active: look at it before it is used';

describe('an upload that Glance has answered is a success', () => {
  test('although the token ends before anybody can look', async () => {
    await request();
    await queues.next('stream-image');
    const { promise: until, resolve: release } = Promise.withResolvers<void>();
    region2.fault(target.id, { on: 'put-file', kind: 'hold', from: 1, until });
    const applied = queues.next('apply-metadata');
    await expect.poll(() => region2.image(target.id)?.status, { interval: 5 }).toBe('saving');
    ferry.openstack.keystone.tokens.expire(token);
    release();
    await applied;
    expect(await lastTask()).toMatchObject({ status: 'success', message: `Copied 0 MiB${unseen}` });
    expect(region2.image(target.id)).toMatchObject(given());
    await nothingIsLeft();
  });

  test('although nobody sees its image active, which the task says', async () => {
    await request();
    await queues.next('stream-image');
    region2.fault(target.id, { on: 'get-image', kind: 'stale', record: {} });
    region2.fault(target.id, { on: 'get-image', kind: 'stale', record: { status: 'queued' }, times: 99 });
    await queues.next('apply-metadata');
    region2.clearFaults();
    expect(await lastTask()).toMatchObject({ status: 'success', message: `Copied 0 MiB${unseen}` });
    await nothingIsLeft();
  });

  test('although a replica of Glance’s database is behind and calls the image queued', async () => {
    await request();
    await queues.next('stream-image');
    const record = { status: 'queued', size: null, os_hash_value: null };
    region2.fault(target.id, { on: 'get-image', kind: 'stale', record: {} });
    region2.fault(target.id, { on: 'get-image', kind: 'stale', record, times: 3 });
    await queues.next('apply-metadata');
    expect(await lastTask()).toMatchObject({ status: 'success' });
    expect(region2.image(target.id)).toMatchObject(given());
  });

  test('although its answer is lost: the next try finds what it was to give', async () => {
    await request();
    await queues.next('stream-image');
    region2.fault(target.id, { on: 'put-file', kind: 'lose-answer' });
    await queues.again('apply-metadata');
    await queues.next('apply-metadata');
    expect(await lastTask()).toMatchObject({ status: 'success', message: 'Copied 0 MiB' });
    expect(region2.image(target.id)).toMatchObject(given());
    await nothingIsLeft();
  });
});

describe('an image that its owner has given data meanwhile', () => {
  test.each([
    ['other', randomBytes(10)],
    ['the same', bytes],
  ])('(%s bytes) is his, and the import fails and says so', async (_, data) => {
    await request();
    await queues.next('stream-image');
    await patch(region2, target.id, { path: '/container_format', value: 'bare' });
    expect((await upload(data)).status).toBe(204);
    await queues.next('apply-metadata');
    await queues.next('fail-import');
    expect(await lastTask()).toMatchObject({
      status: 'failure',
      message: `Image ${target.id} is active with other data, formats or properties than this import was to give it: somebody else has made it active`,
    });
    expect(region2.image(target.id)).toMatchObject({
      status: 'active',
      size: data.length,
      hw_disk_bus: 'own',
    });
    await nothingIsLeft();
  });
});

describe('an image that Glance has stored with other bytes', () => {
  test('is a failure, by its own hash', async () => {
    await request();
    await queues.next('stream-image');
    region2.fault(target.id, { on: 'put-file', kind: 'corrupt-byte', at: 4 });
    await queues.next('apply-metadata');
    await queues.next('fail-import');
    const found = region2.image(target.id)?.os_hash_value;
    expect(await lastTask()).toMatchObject({
      status: 'failure',
      message:
        `Image ${target.id} is active but holds 100000 bytes with sha512 ${found} instead of 100000 bytes with ` +
        `${source.os_hash_value}. Image ${target.id} was made active meanwhile, with the formats that this import has set`,
    });
    await nothingIsLeft();
  });
});

test('an image that is active is not rolled back for a replica that calls it queued', async () => {
  await request();
  await queues.next('stream-image');
  region2.fault(target.id, { on: 'put-file', kind: 'lose-answer', times: 9 });
  await queues.again('apply-metadata');
  await queues.lose('apply-metadata');
  const { id: taskId } = (await lastTask()) ?? {};
  region2.fault(target.id, { on: 'get-image', kind: 'stale', record: { status: 'queued' } });
  await queues.send('fail-import', { region: 'REGION2', imageId: target.id, taskId });
  await queues.next('fail-import');
  expect(await lastTask()).toMatchObject({ status: 'success', message: 'Copied 0 MiB' });
  expect(region2.image(target.id)).toMatchObject(given());
  await nothingIsLeft();
});

test('a source that is gone once its bytes are proven is not needed any more', async () => {
  await request();
  await queues.next('stream-image');
  region1.change(source.id, { status: 'deactivated' });
  await queues.next('apply-metadata');
  expect(await lastTask()).toMatchObject({ status: 'success' });
  expect(region2.image(target.id)).toMatchObject(given());
});

test('an upload whose id never arrived does not stay', async () => {
  ferry.aws.s3Faults.inject('CreateMultipartUpload', { kind: 'lost-answer' });
  await request();
  await queues.next('stream-image');
  await queues.next('apply-metadata');
  expect(await lastTask()).toMatchObject({ status: 'success' });
  await nothingIsLeft();
});

test('properties that are too large to be rolled back are refused at once', async () => {
  const large = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`hw_${i}`, 'x'.repeat(5_000)]));
  source = await region1.createImage({ ...formats, ...large }, bytes);
  expect(await ferry.importFrom(source.id, target.id, token)).toMatchObject({
    status: 413,
    json: { message: 'The properties to be copied take 501091 bytes, an import keeps 122880 at most' },
  });
});

test('properties that it replaces and could not roll back are left, and the import fails', async () => {
  const large = Object.fromEntries(['a', 'b', 'c'].map((name) => [`hw_${name}`, name.repeat(60_000)]));
  const short = { hw_a: '1', hw_b: '2', hw_c: '3' };
  source = await region1.createImage({ ...formats, ...short }, bytes);
  target = await region2.createImage({ name: 'copy', ...large });
  await request();
  await queues.next('stream-image');
  await queues.next('apply-metadata');
  await queues.next('fail-import');
  expect(await lastTask()).toMatchObject({
    status: 'failure',
    message: expect.stringMatching(
      /^The properties of image \S+ that are replaced take \d+ bytes, an import keeps 122880 at most$/,
    ),
  });
  expect(region2.image(target.id)).toMatchObject({ status: 'queued', disk_format: null, ...large });
  await nothingIsLeft();
});

test('a property that the source has gained between two tries does not stay when the import fails', async () => {
  await request();
  await queues.next('stream-image');
  region2.fault(target.id, { on: 'put-file', kind: 'status', status: 500, times: 9 });
  await queues.again('apply-metadata');
  await patch(region1, source.id, { path: '/hw_b', value: 'gained' });
  region2.clearFaults();
  region2.fault(target.id, { on: 'put-file', kind: 'status', status: 413 });
  await queues.next('apply-metadata');
  await queues.next('fail-import');
  expect(await lastTask()).toMatchObject({ status: 'failure' });
  expect(region2.image(target.id)).toMatchObject(asBefore);
  expect(region2.image(target.id)).not.toHaveProperty('hw_b');
  await nothingIsLeft();
});

test('an image that was deleted while its import waited frees everything', async () => {
  await request();
  await queues.next('stream-image');
  await fetch(`${region2.url}/v2/images/${target.id}`, {
    method: 'DELETE',
    headers: { 'x-auth-token': token },
  });
  await queues.next('apply-metadata');
  await queues.next('fail-import');
  const [task] = (await ferry.traces.items()).filter(({ imageId }) => imageId === target.id);
  expect(task).toMatchObject({
    status: 'failure',
    message: expect.stringContaining('No image found with ID'),
  });
  await nothingIsLeft();
});

test('an image that is deleted while Glance saves it frees everything', async () => {
  await request();
  await queues.next('stream-image');
  const { promise: until, resolve: release } = Promise.withResolvers<void>();
  region2.fault(target.id, { on: 'put-file', kind: 'hold', from: 1, until });
  const applied = queues.next('apply-metadata');
  await expect.poll(() => region2.image(target.id)?.status, { interval: 5 }).toBe('saving');
  await fetch(`${region2.url}/v2/images/${target.id}`, {
    method: 'DELETE',
    headers: { 'x-auth-token': token },
  });
  release();
  await applied;
  await queues.next('fail-import');
  const [task] = (await ferry.traces.items()).filter(({ imageId }) => imageId === target.id);
  expect(task).toMatchObject({ status: 'failure' });
  await nothingIsLeft();
});

test('late messages of an import that has ended, and of its copy that is cleared up, leave nothing', async () => {
  await request();
  await queues.next('stream-image');
  const [joined] = (await ferry.traces.items()).filter(
    (item) => item['imageId'] === target.id && item['copyId'],
  );
  const copyId = String(joined?.['copyId']);
  await queues.next('apply-metadata');
  const { id: taskId } = (await lastTask()) ?? {};
  const ofImport = { region: 'REGION2', imageId: target.id, taskId };
  const late = [
    ['stream-image', { copyId }],
    ['stream-image', { copyId, row: 1 }],
    ['stream-image', ofImport],
    ['apply-metadata', ofImport],
    ['fail-import', ofImport],
  ] as const;
  for (const [step, message] of late) {
    await queues.send(step, message);
    expect(await queues.next(step)).toMatchObject({ result: { batchItemFailures: [] } });
  }
  for (const step of steps) expect(await queues.next(step)).toBeUndefined();
  expect(await lastTask()).toMatchObject({ status: 'success' });
  const subjects = (await ferry.traces.items()).map(({ subject }) => String(subject));
  expect(subjects.filter((subject) => subject.includes(copyId))).toEqual([]);
  await nothingIsLeft();
});

describe('an image that Glance leaves in saving for ever', () => {
  test('ends the import after some tries, frees all that is ours, and the task says what to do', async () => {
    await request();
    await queues.next('stream-image');
    region2.fault(target.id, { on: 'put-file', kind: 'status', status: 500, times: 9 });
    await queues.again('apply-metadata');
    region2.change(target.id, { status: 'saving' });
    for (let tries = 2; tries <= 5; tries += 1) await queues.again('apply-metadata');
    await queues.next('apply-metadata'); // moves the message to the dead letters
    for (let tries = 1; tries <= 7; tries += 1) await queues.again('fail-import');
    await queues.next('fail-import');
    expect(await lastTask()).toMatchObject({
      status: 'failure',
      message:
        `Image ${target.id} is saving, it needs to be queued. Image ${target.id} is in saving, where it takes no other ` +
        'import: where Glance does not bring that to an end (it was killed), delete it and import into a new one',
    });
    await nothingIsLeft();
  });
});

test('an import that fails after its properties were set leaves those that the owner has changed since', async () => {
  await request();
  await queues.next('stream-image');
  region2.fault(target.id, { on: 'put-file', kind: 'status', status: 413 });
  await queues.next('apply-metadata');
  expect(region2.image(target.id)).toMatchObject({ disk_format: 'raw', hw_disk_bus: 'scsi' });
  await queues.next('fail-import');
  expect(region2.image(target.id)).toMatchObject(asBefore);
  await nothingIsLeft();
});
