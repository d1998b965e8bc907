import { randomBytes } from 'node:crypto';
import { AbortMultipartUploadCommand, GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { createCopies } from '../../lib/aws/state/copies.ts';
import { copySubject, partItem } from '../../lib/aws/state/keys.ts';
import { createDynamoClient, createTable } from '../../lib/aws/table.ts';
import { objectKey } from '../../lib/copies/record/object-key.ts';
import { type CopyId, newAttemptId } from '../../lib/schemas/ids.ts';
import type { Copies } from '../../lib/state/copies.ts';
import type { Copy } from '../../lib/state/copy.ts';
import { wholeCopy } from '../../lib/state/refs.ts';
import { isProbe } from '../cloud/openstack/times-read.ts';
import { useFerryByHand } from '../integration/use-ferry.ts';

const MiB = 1024 ** 2;
const bytes = randomBytes(16 * MiB);
const formats = { disk_format: 'raw', container_format: 'bare' };
const settings = { PART_SIZE_MIB: '5', SEGMENT_SIZE_MIB: '5', SEGMENTS_AT_ONCE: '2' };

const { ferry, queues } = useFerryByHand({ env: settings });
let copies: Copies;
let token: string;
let sourceId: string;
let importMessage: object;

const table = () => createTable(createDynamoClient(), ferry.aws.tableName);

beforeAll(() => {
  copies = createCopies(table(), { leaseMs: 10_000 });
  token = ferry.openstack.issueToken('demo');
});

/** An image of four segments, in two rows: 1 and 3, 2 and 4. The import's message is in the queue. */
beforeEach(async () => {
  await drain();
  const { REGION1, REGION2 } = ferry.openstack.regions;
  const source = await REGION1.createImage(formats, bytes);
  const target = await REGION2.createImage({ name: 'copy' });
  const { json } = await ferry.importFrom(source.id, target.id, token);
  sourceId = source.id;
  importMessage = { region: 'REGION2', imageId: target.id, taskId: json['id'] };
  REGION1.clearRequests();
});

/** The copy that was begun last. */
const copy = async (): Promise<Copy> => {
  const items = await ferry.traces.items();
  const begun = items
    .filter(({ item }) => item === 'copy')
    .map(({ createdAt, copyId }) => [createdAt, copyId]);
  const copyId = begun.sort().at(-1)?.[1] as CopyId;
  const found = await copies.get(copyId);
  if (!found) throw new Error('there is no copy');
  return found;
};

type Taken = number | 'whole' | 'import' | undefined;

/** The next message of stream-image: an import, a copy as a whole, or the number of its row. */
const next = async (): Promise<Taken> => {
  const taken = await queues.next('stream-image');
  if (!taken) return undefined;
  expect(taken.result).toEqual({ batchItemFailures: [] });
  const { copyId, row } = JSON.parse(taken.message.Body ?? '') as { copyId?: string; row?: number };
  return copyId ? (row ?? 'whole') : 'import';
};

const drain = async (): Promise<void> => {
  while (await next());
};

const send = (message: object) => queues.send('stream-image', message);
const sendRow = async (row: number) => send({ copyId: (await copy()).copyId, row });

const take = async (count: number) => {
  const taken: Taken[] = [];
  for (let turn = 0; turn < count; turn += 1) taken.push(await next());
  return taken;
};

const loseMessages = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await queues.lose('stream-image');
};

/** In MiB, since the import began; without questions for a first byte. */
const rangesRead = () =>
  ferry.openstack.regions.REGION1.dataReads(sourceId)
    .map(({ asked }) => asked)
    .filter((range) => !isProbe(range))
    .map(({ start, end }) => [start / MiB, end / MiB]);

const segments = [
  [0, 5],
  [5, 10],
  [10, 15],
  [15, 16],
];

const bytesOfObject = async () => {
  const s3 = new S3Client({ forcePathStyle: true });
  const object = { Bucket: ferry.aws.bucketName, Key: objectKey(await copy()) };
  const { Body } = await s3.send(new GetObjectCommand(object));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
};

const isCopied = async () => {
  expect((await copy()).transferred?.size).toBe(16 * MiB);
  expect((await bytesOfObject()).equals(bytes)).toBe(true);
};

test('each segment sets off the one after it in its row, and the last one the whole', async () => {
  expect(await take(7)).toEqual(['import', 1, 2, 1, 2, 'whole', undefined]);
  expect(rangesRead()).toEqual(segments);
  await isCopied();
});

test('a first message that comes twice copies nothing twice', async () => {
  await send(importMessage);
  expect(await take(6)).toEqual(['import', 'import', 1, 2, 1, 2]);
  await drain();
  expect(rangesRead().sort(([a = 0], [b = 0]) => a - b)).toEqual(segments);
  await isCopied();
});

test('a first message whose function died after it had made its plan sets the segments off', async () => {
  expect(await take(1)).toEqual(['import']);
  await loseMessages(2);
  await send(importMessage);
  expect(await take(7)).toEqual(['import', 1, 2, 1, 2, 'whole', undefined]);
  expect(rangesRead()).toEqual(segments);
  await isCopied();
});

test('a first message whose function died between its upload and its plan is cut all the same', async () => {
  expect(await take(1)).toEqual(['import']);
  await loseMessages(2);
  const [row, attempt] = [{ copyId: (await copy()).copyId, row: wholeCopy }, newAttemptId()];
  expect(await copies.begin(row, attempt)).toBe('mine');
  await copies.update(row, attempt, { plan: undefined });
  await copies.pause(row, attempt);
  await send(importMessage);
  expect(await take(7)).toEqual(['import', 1, 2, 1, 2, 'whole', undefined]);
  await isCopied();
});

test('a row that the plan does not have copies nothing, whoever asks for it', async () => {
  expect(await take(1)).toEqual(['import']);
  await sendRow(3);
  await sendRow(9);
  expect(await take(4)).toEqual([1, 2, 3, 9]);
  expect(rangesRead()).toEqual(segments.slice(0, 2));
  expect(await take(4)).toEqual([1, 2, 'whole', undefined]);
  expect(rangesRead()).toEqual(segments);
  await isCopied();
});

test('a last segment that died before it could tell so tells it when it comes again', async () => {
  expect(await take(5)).toEqual(['import', 1, 2, 1, 2]);
  await loseMessages(1);
  await sendRow(2);
  expect(await take(3)).toEqual([2, 'whole', undefined]);
  await isCopied();
  await sendRow(2);
  expect(await take(2)).toEqual([2, undefined]);
  expect(rangesRead()).toEqual(segments);
});

test('segments of which parts are missing in the table have them copied once more, and become the image', async () => {
  expect(await take(5)).toEqual(['import', 1, 2, 1, 2]);
  await copies.forgetParts(await copy(), 2);
  await copies.forgetParts(await copy(), 3);
  expect(await next()).toBe('whole');
  expect(rangesRead().slice(segments.length)).toEqual([[5, 15]]);
  await isCopied();
});

test('a part that the store has lost is copied once more, and the segments become the image', async () => {
  expect(await take(5)).toEqual(['import', 1, 2, 1, 2]);
  const { copyId, ...making } = await copy();
  const lost = { subject: copySubject(copyId), item: partItem(making, 2) };
  await table().put(lost, { ...(await table().get(lost)), etag: '"of nothing"' });
  const { result } = (await queues.next('stream-image')) ?? {};
  expect(result).toMatchObject({ batchItemFailures: [{}] });
  expect((await copy()).lastFailure?.reason).toContain('the store does not have part 2 as it was stored');
  await send({ copyId });
  expect(await next()).toBe('whole');
  await isCopied();
});

test('an upload that is removed under its segments begins anew, and they become the image', async () => {
  expect(await take(3)).toEqual(['import', 1, 2]);
  const s3 = new S3Client({ forcePathStyle: true });
  const removed = await copy();
  const upload = { Bucket: ferry.aws.bucketName, Key: objectKey(removed), UploadId: removed.uploadId };
  await s3.send(new AbortMultipartUploadCommand(upload));
  expect(await next()).toBe(1);
  const begunAnew = await copy();
  expect(begunAnew.generation).not.toBe(removed.generation);
  expect(begunAnew).not.toHaveProperty('plan');
  expect(begunAnew.rows.size).toBe(0);
  // It begins after a pause.
  const isMade = async () => (await next()) === undefined && (await copy()).transferred !== undefined;
  await expect.poll(isMade, { timeout: 60_000 }).toBe(true);
  expect((await ferry.traces.relay()).uploads).toEqual([]);
  await isCopied();
});
