import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ListMultipartUploadsCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { PartChecksum } from '../../../../lib/aws/s3/part-checksum.ts';
import { PartGone } from '../../../../lib/aws/s3/part-gone.ts';
import { createRelayStore, type RelayStore } from '../../../../lib/aws/s3/relay-store.ts';
import { createS3Client } from '../../../../lib/aws/s3/s3-client.ts';
import { FerryError } from '../../../../lib/errors.ts';
import type { AskedRange } from '../../../../lib/http/content-range.ts';
import type { LocalAws } from '../../../cloud/aws/aws.ts';
import { readAll } from '../../byte-readers.ts';
import { startLocalAws } from '../../local-aws.ts';
import { openedSockets } from '../../opened-sockets.ts';
import { partChecksum } from '../../part-checksum.ts';

const live = { signal: new AbortController().signal };
const MiB = 1024 ** 2;
const pageSize = 3;
let aws: LocalAws;
let relay: RelayStore;
let key: string;

beforeAll(async () => {
  aws = await startLocalAws({ s3Limits: { pageSize } });
  relay = storeWith('crc32');
});
beforeEach(() => {
  key = `imports/${randomUUID()}`;
});
afterEach(() => aws.s3Faults.clear());
afterAll(() => aws.stop());

// Not SlowDown: the SDK waits seconds after it.
const broken = { kind: 'error', code: 'InternalError' } as const;
const named = () => `${aws.bucketName}/${key}`;
const partOf = (uploadId: string, number: number, bytes: Buffer) => {
  const checksum = partChecksum('crc32', bytes);
  return { key, uploadId, number, bytes, checksum };
};

const storeWith = (checksum: PartChecksum) =>
  createRelayStore(createS3Client(), aws.bucketName, { checksum, stallMs: 1000 });

const put = async (store: RelayStore, uploadId: string, pieces: readonly Buffer[]) => {
  const parts = [];
  for (const [index, bytes] of pieces.entries()) {
    const checksum = partChecksum(store.partAlgorithm, bytes);
    const part = { ...partOf(uploadId, index + 1, bytes), checksum };
    parts.push({ number: part.number, checksum, etag: await store.uploadPart(part, live) });
  }
  return { key, uploadId, size: Buffer.concat(pieces).length, parts };
};
const content = async (range: AskedRange = {}): Promise<Buffer> =>
  readAll((await relay.open(key, { ...live, ...range })).body);
const storeAt = async (Key: string): Promise<void> => {
  await createS3Client().send(new PutObjectCommand({ Bucket: aws.bucketName, Key, Body: 'x' }));
};
/** A finished object. */
const store = async (bytes: Buffer): Promise<void> => {
  await relay.completeUpload(await put(relay, await relay.createUpload(key, live), [bytes]), live);
};
const openUploads = async () => {
  const list = new ListMultipartUploadsCommand({ Bucket: aws.bucketName, Prefix: key });
  return ((await createS3Client().send(list)).Uploads ?? []).filter(({ Key }) => Key === key).length;
};
const exists = async () => {
  const list = new ListObjectsV2Command({ Bucket: aws.bucketName, Prefix: key });
  return ((await createS3Client().send(list)).Contents ?? []).some(({ Key }) => Key === key);
};

describe('an upload', () => {
  test.each<PartChecksum>(['crc32', 'md5', 'sha256', 'none'])(
    'with checksum %s becomes the object',
    async (checksum) => {
      const store = storeWith(checksum);
      const pieces = [randomBytes(5 * MiB), randomBytes(1000)];
      const [first] = pieces;
      const upload = await put(store, await store.createUpload(key, live), pieces);
      expect(upload.parts[0]?.etag).toBe(
        `"${createHash('md5')
          .update(first ?? '')
          .digest('hex')}"`,
      );
      await store.completeUpload(upload, live);
      expect((await content()).equals(Buffer.concat(pieces))).toBe(true);
    },
  );

  test.each([
    ['crc32', 'BadDigest'],
    ['md5', 'BadDigest'],
    ['sha256', 'XAmzContentSHA256Mismatch'],
  ] as const)(
    'refuses a part whose bytes have another %s than those that were read',
    async (algorithm, code) => {
      const store = storeWith(algorithm);
      const uploadId = await store.createUpload(key, live);
      const part = {
        ...partOf(uploadId, 1, Buffer.from('right')),
        checksum: partChecksum(algorithm, 'wrong'),
      };
      await expect(store.uploadPart(part, live)).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringMatching(`^Failed to upload part 1 of ${named()}: ${code}`),
      });
    },
  );

  test('survives a store that fails, breaks off or loses its answers three times', async () => {
    aws.s3Faults.inject('CreateMultipartUpload', broken, 3);
    const uploadId = await relay.createUpload(key, live);
    aws.s3Faults.inject('UploadPart', { kind: 'reset' });
    aws.s3Faults.inject('UploadPart', { kind: 'lost-answer' });
    aws.s3Faults.inject('UploadPart', broken);
    const upload = await put(relay, uploadId, [Buffer.from('abc')]);
    aws.s3Faults.inject('CompleteMultipartUpload', broken, 2);
    await relay.completeUpload(upload, live);
    expect((await content()).toString()).toBe('abc');
  });

  test('is unavailable, and may be tried again, when the store fails a fourth time', async () => {
    const uploadId = await relay.createUpload(key, live);
    aws.s3Faults.inject('UploadPart', broken, 4);
    await expect(relay.uploadPart(partOf(uploadId, 1, Buffer.from('x')), live)).rejects.toMatchObject({
      code: 'unavailable',
      retryable: true,
      message: `Failed to upload part 1 of ${named()}: InternalError: Injected InternalError`,
    });
    expect(aws.s3Faults.left('UploadPart')).toBe(0);
  });

  test('whose completion is never answered is complete all the same', async () => {
    const upload = await put(relay, await relay.createUpload(key, live), [Buffer.from('abc')]);
    aws.s3Faults.inject('CompleteMultipartUpload', { kind: 'lost-answer' });
    await relay.completeUpload(upload, live);
    expect((await content()).toString()).toBe('abc');
    await relay.completeUpload(upload, live);
  });

  test('whose completion is never answered, and which the store shows a moment later, is complete all the same', async () => {
    const upload = await put(relay, await relay.createUpload(key, live), [Buffer.from('abc')]);
    aws.s3Faults.inject('CompleteMultipartUpload', { kind: 'lost-answer' });
    aws.s3Faults.inject('HeadObject', { kind: 'error', code: 'NoSuchKey' }, 2);
    await relay.completeUpload(upload, live);
    expect(aws.s3Faults.left('HeadObject')).toBe(0);
    expect((await content()).toString()).toBe('abc');
  });

  test('of which the store does not have a part as it was stored says which one', async () => {
    const upload = await put(relay, await relay.createUpload(key, live), [
      randomBytes(5 * MiB),
      Buffer.from('x'),
    ]);
    const parts = upload.parts.map((part) => (part.number === 2 ? { ...part, etag: '"gone"' } : part));
    const failed = relay.completeUpload({ ...upload, parts }, live);
    await expect(failed).rejects.toBeInstanceOf(PartGone);
    await expect(failed).rejects.toMatchObject({ code: 'unavailable', number: 2 });
    await relay.completeUpload(upload, live);
  });

  test('that was completed with another size, or aborted, is gone', async () => {
    const upload = await put(relay, await relay.createUpload(key, live), [Buffer.from('abc')]);
    await relay.completeUpload(upload, live);
    await expect(relay.completeUpload({ ...upload, size: 4 }, live)).rejects.toMatchObject({
      code: 'upload-gone',
    });

    key = `imports/${randomUUID()}`;
    const aborted = await put(relay, await relay.createUpload(key, live), [Buffer.from('abc')]);
    await relay.abortUpload(key, aborted.uploadId, live);
    const gone = { code: 'upload-gone', retryable: true };
    await expect(relay.completeUpload(aborted, live)).rejects.toMatchObject(gone);
    await expect(relay.uploadPart(partOf(aborted.uploadId, 2, Buffer.from('x')), live)).rejects.toMatchObject(
      gone,
    );
    expect([await exists(), await openUploads()]).toEqual([false, 0]);
  });

  test('may be aborted twice, and when it never was', async () => {
    const uploadId = await relay.createUpload(key, live);
    expect(await openUploads()).toBe(1);
    await relay.abortUpload(key, uploadId, live);
    await relay.abortUpload(key, uploadId, live);
    await relay.abortUpload(key, 'never-was', live);
    expect(await openUploads()).toBe(0);
  });
});

describe('an object', () => {
  test('is read in ranges by as many connections as are at work at once', async () => {
    const bytes = randomBytes(MiB);
    await store(bytes);
    const size = bytes.length;
    const readBlock = async (offset: number): Promise<boolean> => {
      const end = offset + 1000;
      return (await content({ offset, end, size })).equals(bytes.subarray(offset, end));
    };
    const opened = await openedSockets(async () => {
      for (let round = 0; round < 3; round += 1) {
        const read = await Promise.all(
          [1, 2, 3, 4].map((block) => readBlock(block * 100_000 + round * 1000)),
        );
        expect(read).toEqual([true, true, true, true]);
      }
    });
    expect(opened).toBeLessThanOrEqual(4);
  });

  test.each([
    [{}, '0123456789'],
    [{ offset: 0, end: 4, size: 10 }, '0123'],
    [{ offset: 4, end: 10, size: 10 }, '456789'],
    [{ offset: 9 }, '9'],
  ])('is read by the range %j', async (range, expected) => {
    await store(Buffer.from('0123456789'));
    expect((await content(range)).toString()).toBe(expected);
  });

  test('of another size than it should have is refused', async () => {
    await store(Buffer.from('0123456789'));
    await expect(content({ offset: 0, end: 4, size: 11 })).rejects.toMatchObject({
      code: 'data-mismatch',
      message: `Failed to read ${named()}: asked for bytes 0-3 of 11, the answer has bytes 0-3/10`,
    });
  });

  test('that is shorter than where it should be read from is refused', async () => {
    await store(Buffer.from('0123456789'));
    await expect(content({ offset: 10, end: 20, size: 20 })).rejects.toMatchObject({
      code: 'data-mismatch',
      message: `Failed to read ${named()}: it is shorter than what was transferred`,
    });
  });

  test('may be removed twice, and is missing then', async () => {
    await store(Buffer.from('x'));
    await relay.remove(key, live);
    await relay.remove(key, live);
    // It may be there in a moment: Ceph's RGW, Garage and MinIO show an object a little after its upload has ended.
    await expect(relay.open(key, live)).rejects.toMatchObject({
      code: 'unavailable',
      message: `Failed to read ${named()}: NoSuchKey: The specified key does not exist: ${key}`,
    });
  });

  test('that breaks off while it is read is an error of its stream', async () => {
    await store(randomBytes(1000));
    aws.s3Faults.inject('GetObject', { kind: 'cut-body', afterBytes: 10 });
    await expect(content()).rejects.toThrow();
  });

  test.each([-3600, 3600])('is read from a store whose clock is %i s away', async (seconds) => {
    await store(Buffer.from('0123456789'));
    aws.s3Faults.setClock(seconds * 1000);
    // Of a client of its own, which has not heard of the store's time yet; then by what it has learnt.
    const fresh = storeWith('crc32');
    for (const offset of [1, 9]) {
      const { body } = await fresh.open(key, { ...live, offset, end: offset + 1, size: 10 });
      expect((await readAll(body)).toString()).toBe(String(offset));
    }
  });

  test('is read by the third try of a store that fails twice', async () => {
    await store(Buffer.from('x'));
    aws.s3Faults.inject('GetObject', broken, 2);
    expect((await content()).toString()).toBe('x');
  });

  test.each([
    ['AccessDenied', 'misconfigured'],
    ['NoSuchBucket', 'misconfigured'],
    ['AuthorizationHeaderMalformed', 'misconfigured'],
    ['InvalidAccessKeyId', 'misconfigured'],
    ['ExpiredToken', 'unavailable'],
    ['NoSuchKey', 'unavailable'],
  ] as const)('that is refused with %s says so, and is %s', async (name, code) => {
    aws.s3Faults.inject('GetObject', { kind: 'error', code: name }, 4);
    await expect(content()).rejects.toMatchObject({
      code,
      message: `Failed to read ${named()}: ${name}: Injected ${name}`,
    });
  });

  test.each(['GetObject', 'DeleteObject'] as const)(
    'is unavailable when %s fails for good',
    async (operation) => {
      aws.s3Faults.inject(operation, broken, 4);
      const calls = {
        GetObject: () => relay.open(key, live),
        DeleteObject: () => relay.remove(key, live),
      };
      await expect(calls[operation]()).rejects.toMatchObject({ code: 'unavailable' });
    },
  );
});

describe('what is left of an import', () => {
  const left = async () => {
    const s3 = createS3Client();
    const list = { Bucket: aws.bucketName, Prefix: key };
    const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand(list));
    const { Contents = [] } = await s3.send(new ListObjectsV2Command(list));
    return { uploads: Uploads.map(({ Key }) => Key), objects: Contents.map(({ Key }) => Key) };
  };
  const open = async (count: number, under: string): Promise<void> => {
    for (let number = 0; number < count; number += 1) await relay.createUpload(under, live);
  };

  test('is cleared: every open upload, also those that nobody knows of, and every object, over several pages', async () => {
    await open(pageSize + 1, key);
    await open(2, `${key}/more`);
    await store(Buffer.from('x'));
    for (let number = 0; number <= pageSize; number += 1) await storeAt(`${key}/${number}`);
    await relay.clear(key, live);
    expect(await left()).toEqual({ uploads: [], objects: [] });
    await relay.clear(key, live);
  });

  test('is all that is cleared: keys that merely begin alike are of others', async () => {
    await open(1, `${key}0`);
    await storeAt(`${key}0`);
    await storeAt(`${key}.x`);
    await relay.clear(key, live);
    expect(await left()).toEqual({ uploads: [`${key}0`], objects: [`${key}.x`, `${key}0`] });
  });

  test.each(['NotImplemented', 'MethodNotAllowed'] as const)(
    'is cleared as far as it is known by a store that answers a listing with %s',
    async (code) => {
      await store(Buffer.from('x'));
      await open(1, key);
      aws.s3Faults.inject('ListMultipartUploads', { kind: 'error', code });
      aws.s3Faults.inject('ListObjectsV2', { kind: 'error', code });
      await relay.clear(key, live);
      expect(await left()).toEqual({ uploads: [key], objects: [] });
    },
  );

  test('is cleared where it goes meanwhile', async () => {
    await open(1, key);
    aws.s3Faults.inject('AbortMultipartUpload', { kind: 'error', code: 'NoSuchUpload' });
    await relay.clear(key, live);
  });

  test('is cleared as far as it is known by name where nothing may be listed', async () => {
    aws.s3Faults.inject('ListMultipartUploads', { kind: 'error', code: 'AccessDenied' });
    aws.s3Faults.inject('ListObjectsV2', { kind: 'error', code: 'AccessDenied' });
    await expect(relay.clear(key, live)).resolves.toBeUndefined();
  });

  test('stays, and is said, when there is no right to delete it', async () => {
    aws.s3Faults.inject('DeleteObject', { kind: 'error', code: 'AccessDenied' });
    await expect(relay.clear(key, live)).rejects.toMatchObject({
      code: 'misconfigured',
      message: `Failed to clear ${named()}: AccessDenied: Injected AccessDenied`,
    });
  });
});

describe('an abort', () => {
  const reason = new FerryError('out-of-time', 'the time ended');

  test('keeps its reason in every call, and nothing is sent', async () => {
    const aborted = { signal: AbortSignal.abort(reason) };
    const upload = { key, uploadId: 'u', size: 0, parts: [] };
    await expect(relay.createUpload(key, aborted)).rejects.toBe(reason);
    await expect(relay.uploadPart(partOf('u', 1, Buffer.alloc(1)), aborted)).rejects.toBe(reason);
    await expect(relay.completeUpload(upload, aborted)).rejects.toBe(reason);
    await expect(relay.abortUpload(key, 'u', aborted)).rejects.toBe(reason);
    await expect(relay.open(key, aborted)).rejects.toBe(reason);
    await expect(relay.remove(key, aborted)).rejects.toBe(reason);
    await expect(relay.clear(key, aborted)).rejects.toBe(reason);
    expect([await exists(), await openUploads()]).toEqual([false, 0]);
  });

  test('ends a wait for the store', async () => {
    const uploadId = await relay.createUpload(key, live);
    aws.s3Faults.inject('UploadPart', { kind: 'delay', ms: 5000 });
    const controller = new AbortController();
    const uploading = relay.uploadPart(partOf(uploadId, 1, Buffer.from('x')), controller);
    const failed = expect(uploading).rejects.toBe(reason);
    await delay(100);
    controller.abort(reason);
    await failed;
  });
});
