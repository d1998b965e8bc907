import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type LocalS3, startS3 } from './server.ts';

const MiB = 1024 * 1024;
const Bucket = 'relay';
const Key = 'imports/a task';
const base64Crc = (bytes: Buffer) => {
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32(bytes));
  return crc.toString('base64');
};
const md5 = (bytes: Buffer, encoding: 'base64' | 'hex') => createHash('md5').update(bytes).digest(encoding);

let dataDir: string;
let server: LocalS3;
let s3: S3Client;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'local-s3-'));
  server = await startS3({ dataDir, port: 0, maxParts: 1000 });
  s3 = new S3Client({
    endpoint: server.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    maxAttempts: 1,
  });
  await s3.send(new CreateBucketCommand({ Bucket }));
});

afterEach(() => server.faults.clear());

afterAll(async () => {
  s3.destroy();
  await server.stop();
  await rm(dataDir, { recursive: true });
});

const createUpload = async (ChecksumAlgorithm?: 'CRC32') =>
  (await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ChecksumAlgorithm }))).UploadId;

const uploadPart = (UploadId: string | undefined, PartNumber: number, Body: Buffer, more = {}) =>
  s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body, ...more }));

const complete = (UploadId: string | undefined, Parts: CompletedPart[]) =>
  s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));

const get = async (Range?: string) => {
  const answer = await s3.send(new GetObjectCommand({ Bucket, Key, Range }));
  return { ...answer, bytes: Buffer.from((await answer.Body?.transformToByteArray()) ?? []) };
};

const keys = async () =>
  (await s3.send(new ListObjectsV2Command({ Bucket }))).Contents?.map(({ Key }) => Key) ?? [];
const uploads = async () => (await s3.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads ?? [];

describe('a multipart upload', () => {
  test('becomes one object whose ETag is the md5 of the md5s and the number of parts', async () => {
    const parts = [randomBytes(5 * MiB), randomBytes(5 * MiB), randomBytes(17)];
    const UploadId = await createUpload();
    const sent = await Promise.all(parts.map((part, i) => uploadPart(UploadId, i + 1, part)));
    expect(await uploads()).toHaveLength(1);
    const claimed = sent.map(({ ETag }, i) => ({ PartNumber: i + 1, ETag }));
    const { ETag } = await complete(UploadId, claimed);
    const binary = Buffer.concat(parts.map((part) => Buffer.from(md5(part, 'hex'), 'hex')));
    expect(ETag).toBe(`"${md5(binary, 'hex')}-3"`);
    expect((await get()).bytes.equals(Buffer.concat(parts))).toBe(true);
    expect(await uploads()).toEqual([]);
    await expect(complete(UploadId, claimed)).rejects.toMatchObject({ name: 'NoSuchUpload' });
  });

  test('may be given a part again', async () => {
    const UploadId = await createUpload();
    await uploadPart(UploadId, 1, Buffer.from('first'));
    const { ETag } = await uploadPart(UploadId, 1, Buffer.from('second'));
    await complete(UploadId, [{ PartNumber: 1, ETag }]);
    expect((await get()).bytes.toString()).toBe('second');
  });

  test('leaves nothing when it is aborted', async () => {
    const UploadId = await createUpload();
    await uploadPart(UploadId, 1, Buffer.from('x'));
    await s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
    expect(await uploads()).toEqual([]);
    await expect(uploadPart(UploadId, 2, Buffer.from('x'))).rejects.toMatchObject({ name: 'NoSuchUpload' });
  });

  test('refuses a part under 5 MiB that is not the last, an unknown part, and a wrong order', async () => {
    const UploadId = await createUpload();
    const first = { PartNumber: 1, ETag: (await uploadPart(UploadId, 1, Buffer.alloc(5 * MiB - 1))).ETag };
    const second = { PartNumber: 2, ETag: (await uploadPart(UploadId, 2, Buffer.alloc(1))).ETag };
    await expect(complete(UploadId, [first, second])).rejects.toMatchObject({ name: 'EntityTooSmall' });
    await expect(complete(UploadId, [{ ...first, ETag: '"0"' }])).rejects.toMatchObject({
      name: 'InvalidPart',
    });
    await expect(complete(UploadId, [second, first])).rejects.toMatchObject({ name: 'InvalidPartOrder' });
    await expect(uploadPart(UploadId, 1001, Buffer.alloc(1))).rejects.toMatchObject({
      name: 'InvalidArgument',
    });
  });

  test('checks each part against its Content-MD5', async () => {
    const UploadId = await createUpload();
    const bytes = Buffer.from('right');
    await uploadPart(UploadId, 1, bytes, { ContentMD5: md5(bytes, 'base64') });
    const wrong = uploadPart(UploadId, 2, bytes, { ContentMD5: md5(Buffer.from('wrong'), 'base64') });
    await expect(wrong).rejects.toMatchObject({ name: 'BadDigest', $metadata: { httpStatusCode: 400 } });
  });

  test('created with CRC32 wants it right with every part, and again at the end, as AWS does', async () => {
    const UploadId = await createUpload('CRC32');
    const bytes = Buffer.from('right');
    const ChecksumCRC32 = base64Crc(bytes);
    const { ETag } = await uploadPart(UploadId, 1, bytes, { ChecksumCRC32 });
    const wrong = uploadPart(UploadId, 2, bytes, { ChecksumCRC32: base64Crc(Buffer.from('wrong')) });
    await expect(wrong).rejects.toMatchObject({ name: 'BadDigest' });
    await expect(uploadPart(UploadId, 2, bytes)).rejects.toMatchObject({ name: 'InvalidRequest' });
    await expect(complete(UploadId, [{ PartNumber: 1, ETag }])).rejects.toMatchObject({
      name: 'InvalidRequest',
    });
    await complete(UploadId, [
      { PartNumber: 1, ETag, ChecksumCRC32 } as { PartNumber: number; ETag: string },
    ]);
    const plain = await createUpload();
    await expect(uploadPart(plain, 1, bytes, { ChecksumCRC32 })).rejects.toMatchObject({
      name: 'InvalidRequest',
    });
  });
});

describe('an object', () => {
  test('can be put, described, replaced, read by ranges and deleted twice', async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'other' }));
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: '0123456789', ContentType: 'text/plain' }));
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key }));
    expect(head).toMatchObject({ ContentLength: 10, ContentType: 'text/plain' });
    expect(await get('bytes=2-4')).toMatchObject({ ContentRange: 'bytes 2-4/10', bytes: Buffer.from('234') });
    expect((await get('bytes=7-')).bytes.toString()).toBe('789');
    expect((await get('bytes=-3')).bytes.toString()).toBe('789');
    await expect(get('bytes=10-')).rejects.toMatchObject({ name: 'InvalidRange' });
    expect(await keys()).toEqual([Key]);
    await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    expect(await keys()).toEqual([]);
    await expect(get()).rejects.toMatchObject({ name: 'NoSuchKey' });
    await expect(s3.send(new HeadObjectCommand({ Bucket, Key }))).rejects.toMatchObject({ name: 'NotFound' });
  });

  test('is read across its parts', async () => {
    const parts = [randomBytes(5 * MiB), randomBytes(100)];
    const UploadId = await createUpload();
    const sent = await Promise.all(parts.map((part, i) => uploadPart(UploadId, i + 1, part)));
    await complete(
      UploadId,
      sent.map(({ ETag }, i) => ({ PartNumber: i + 1, ETag })),
    );
    const { bytes } = await get(`bytes=${5 * MiB - 10}-${5 * MiB + 9}`);
    expect(bytes.equals(Buffer.concat(parts).subarray(5 * MiB - 10, 5 * MiB + 10))).toBe(true);
  });

  test('of no bytes is one, too', async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: Buffer.alloc(0) }));
    expect((await get()).bytes).toHaveLength(0);
  });
});

describe('what it refuses', () => {
  const url = (key: string) => `${server.endpoint}/${Bucket}/${key}`;
  const signed = { authorization: 'AWS4-HMAC-SHA256 Credential=a' };

  test('requests without a signature, and presigned URLs that have expired', async () => {
    expect((await fetch(url('k'))).status).toBe(403);
    const presigned = 'X-Amz-Signature=x&X-Amz-Expires=60&X-Amz-Date=';
    expect((await fetch(`${url('k')}?${presigned}20200101T000000Z`)).status).toBe(403);
    expect((await fetch(`${url('k')}?${presigned}29990101T000000Z`)).status).toBe(404);
  });

  test('aws-chunked bodies with 501, as Swift does', async () => {
    const headers = { ...signed, 'content-encoding': 'aws-chunked' };
    const answer = await fetch(url('k'), { method: 'PUT', headers, body: '0\r\n\r\n' });
    expect([answer.status, await answer.text()]).toEqual([501, expect.stringContaining('NotImplemented')]);
  });

  test('a bucket that is not there and operations it does not know', async () => {
    const missing = s3.send(new GetObjectCommand({ Bucket: 'nobody', Key }));
    await expect(missing).rejects.toMatchObject({ name: 'NoSuchBucket' });
    expect((await fetch(`${url('k')}?acl`, { headers: signed })).status).toBe(501);
  });
});

describe('faults', () => {
  test('come as often as asked for', async () => {
    server.faults.inject('PutObject', { kind: 'error', code: 'SlowDown' }, 2);
    const put = () => s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
    await expect(put()).rejects.toMatchObject({ name: 'SlowDown', $metadata: { httpStatusCode: 503 } });
    await expect(put()).rejects.toMatchObject({ name: 'SlowDown' });
    await put();
  });

  test('may break the connection before or after the work, or in the middle of the answer', async () => {
    server.faults.inject('PutObject', { kind: 'lost-answer' });
    await expect(s3.send(new PutObjectCommand({ Bucket, Key, Body: 'done' }))).rejects.toThrow();
    server.faults.inject('PutObject', { kind: 'reset' });
    await expect(s3.send(new PutObjectCommand({ Bucket, Key, Body: 'not done' }))).rejects.toThrow();
    expect((await get()).bytes.toString()).toBe('done');
    server.faults.inject('GetObject', { kind: 'cut-body', afterBytes: 2 });
    await expect(get()).rejects.toThrow();
  });
});
