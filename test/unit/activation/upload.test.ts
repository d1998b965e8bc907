import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { activateByUpload } from '../../../lib/activation/upload.ts';
import { FerryError } from '../../../lib/errors.ts';
import { callersToken } from '../../../lib/openstack/credentials.ts';
import { createGlance, type Glance } from '../../../lib/openstack/glance/glance.ts';
import { createOpenStackHttp } from '../../../lib/openstack/http.ts';
import type { ImageId, Token } from '../../../lib/schemas/ids.ts';
import { type OpenStack, startOpenStack } from '../../cloud/openstack/openstack.ts';
import { type BlocksOfPieces, blocksOf } from '../blocks.ts';

const MiB = 1024 ** 2;
const http = createOpenStackHttp({ stallMs: 1000 });
const { signal } = new AbortController();
let dataDir: string;
let cloud: OpenStack;
let target: Glance;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'unit-upload-'));
  cloud = await startOpenStack({ dataDir });
  target = createGlance(cloud.regions.REGION2.url, callersToken(cloud.issueToken('demo') as Token), http);
});
afterAll(async () => {
  await http.small.close();
  await cloud.stop();
  await rm(dataDir, { recursive: true });
});

const queued = async () =>
  (await cloud.regions.REGION2.createImage({ disk_format: 'raw', container_format: 'bare' })).id as ImageId;
const digestsOf = (bytes: Uint8Array) => ({ sha512: createHash('sha512').update(bytes).digest('hex') });

/** Nobody reads it any more, and all buffers may be used again. */
const isLetGo = async (object: BlocksOfPieces): Promise<void> => {
  await expect.poll(() => [object.isOver(), object.held()], { interval: 5 }).toEqual([true, 0]);
};

/** @param expected what was transferred, where the object is to be something else */
const activate = async (pieces: readonly Uint8Array[], expected: Uint8Array = Buffer.concat(pieces)) => {
  const imageId = await queued();
  const object = blocksOf(pieces);
  const digests = digestsOf(expected);
  const error = await activateByUpload({
    target,
    imageId,
    size: expected.length,
    digests,
    object: object.open,
    signal,
  }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  await isLetGo(object);
  return { imageId, error };
};
const statusOf = async (imageId: ImageId) => (await target.image(imageId, { signal })).status;
const pieces = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 });

test('an object that is what was transferred becomes an active image, however it comes in pieces', async () => {
  await fc.assert(
    fc.asyncProperty(pieces, async (given) => {
      const { imageId, error } = await activate(given);
      expect(error).toBeUndefined();
      const { sha512 } = digestsOf(Buffer.concat(given));
      expect(await target.image(imageId, { signal })).toMatchObject({
        status: 'active',
        os_hash_value: sha512,
      });
    }),
    { numRuns: 25 },
  );
});

test('an object that is anything else never becomes an active image', async () => {
  await fc.assert(
    fc.asyncProperty(pieces, pieces, async (given, transferred) => {
      const expected = Buffer.concat(transferred);
      // Of nothing there is no byte to hold back.
      fc.pre(expected.length > 0 && !Buffer.concat(given).equals(expected));
      const { imageId, error } = await activate(given, expected);
      expect(error).toMatchObject({ code: 'data-mismatch' });
      await expect.poll(() => statusOf(imageId), { interval: 5 }).toBe('queued');
    }),
    { numRuns: 25 },
  );
});

const bytes = Buffer.from('0123456789');
const wrong = Buffer.from('0123456788');
const digestError = `sha512 ${digestsOf(bytes).sha512} instead of ${digestsOf(wrong).sha512}`;
test.each([
  ['of other bytes', [bytes], wrong, digestError],
  ['that is too short', [bytes.subarray(1)], bytes, '9 bytes instead of 10'],
  ['that is twice as long', [bytes, bytes], bytes, '20 bytes instead of 10'],
  [
    'that is too long by a byte',
    [Buffer.concat([bytes, wrong.subarray(0, 1)])],
    bytes,
    '11 bytes instead of 10',
  ],
  ['of nothing', [], bytes, '0 bytes instead of 10'],
])('an object %s is told as it is', async (_, given, expected, found) => {
  const { imageId, error } = await activate(given, expected);
  expect(error).toMatchObject({ message: `The transferred object of image ${imageId} has ${found}` });
  await expect.poll(() => statusOf(imageId), { interval: 5 }).toBe('queued');
});

test('an object that breaks off leaves the image queued, and may be tried again', async () => {
  const imageId = await queued();
  const object = blocksOf([bytes], new Error('the store went away'));
  const upload = { target, imageId, size: 20, digests: digestsOf(bytes), object: object.open, signal };
  await expect(activateByUpload(upload)).rejects.toMatchObject({ code: 'unavailable', retryable: true });
  await expect.poll(() => statusOf(imageId), { interval: 5 }).toBe('queued');
});

test('an abort keeps its reason, closes the object and leaves the image queued', async () => {
  const reason = new FerryError('out-of-time', 'the time ended');
  const imageId = await queued();
  const controller = new AbortController();
  const object = blocksOf([bytes], 'silence');
  setTimeout(() => controller.abort(reason), 50);
  const upload = {
    target,
    imageId,
    size: 20,
    digests: digestsOf(bytes),
    object: object.open,
    signal: controller.signal,
  };
  await expect(activateByUpload(upload)).rejects.toBe(reason);
  await isLetGo(object);
  await expect.poll(() => statusOf(imageId), { interval: 5 }).toBe('queued');
});

test('an abort while one block is on its way and others are being read leaves no error that nobody handles', async () => {
  const imageId = await queued();
  cloud.regions.REGION2.fault(imageId, { on: 'put-file', kind: 'slow', bytesPerSecond: 4 * MiB });
  const controller = new AbortController();
  const object = blocksOf([Buffer.alloc(13 * MiB)], 'silence');
  const reason = new Error('the time ended');
  setTimeout(() => controller.abort(reason), 200);
  const upload = { target, imageId, size: 20 * MiB, digests: digestsOf(bytes), object: object.open };
  await expect(activateByUpload({ ...upload, signal: controller.signal })).rejects.toBe(reason);
  // An unhandled rejection fails the run of vitest.
  await expect.poll(() => statusOf(imageId)).toBe('queued');
});
