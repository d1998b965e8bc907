import { createHash, randomUUID } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { headerOf, type S3Answer, type S3Call } from './call.ts';
import { type ClaimedPart, checkCompletion, checkPartRequest, readCompletion } from './completion.ts';
import { S3Error } from './errors.ts';
import { type Layout, namesIn, readJson, writeJson } from './files.ts';
import type { S3Limits } from './limits.ts';
import { mostOf, pageOf } from './listing.ts';
import type { StoredObject } from './objects.ts';
import { receiveBody, receiveText } from './receive-body.ts';
import { renderXml } from './xml.ts';

export interface Upload {
  readonly bucket: string;
  readonly key: string;
  readonly uploadId: string;
  readonly contentType: string;
  /** Upper case, as x-amz-checksum-algorithm gave it. */
  readonly checksumAlgorithm: string | undefined;
  readonly initiated: string;
}

export interface StoredPart {
  readonly partNumber: number;
  readonly size: number;
  /** Hex. */
  readonly md5: string;
  readonly crc32: string | undefined;
}

/** S3's rule: md5 of the parts' binary md5s, then the number of parts. */
function multipartETag(parts: readonly StoredPart[]): string {
  const md5 = createHash('md5');
  for (const part of parts) md5.update(part.md5, 'hex');
  return `"${md5.digest('hex')}-${parts.length}"`;
}

const partName = (partNumber: number) => `part-${String(partNumber).padStart(5, '0')}`;

/** Uploads are listed by their keys, and those of one key by their ids. */
const nameOf = ({ key, uploadId }: Pick<Upload, 'key' | 'uploadId'>) => `${key}\0${uploadId}`;

/** Without an id's marker everything of the marked key is passed by. */
function markerOf(query: URLSearchParams): string | undefined {
  const key = query.get('key-marker');
  return key === null ? undefined : nameOf({ key, uploadId: query.get('upload-id-marker') ?? '\u{10ffff}' });
}

export function uploadOperations(
  files: Layout,
  publish: (bucket: string, object: StoredObject) => Promise<void>,
  limits: S3Limits,
) {
  async function find({ bucket, key, query }: S3Call): Promise<Upload> {
    const upload = await readJson<Upload>(files.uploadRecord(bucket, query.get('uploadId') ?? ''));
    if (upload?.key !== key)
      throw new S3Error('NoSuchUpload', 'The specified multipart upload does not exist.');
    return upload;
  }

  const partFile = ({ bucket, uploadId }: Upload, partNumber: number) =>
    join(files.upload(bucket, uploadId), partName(partNumber));

  async function collect(upload: Upload, claimed: readonly ClaimedPart[]): Promise<StoredPart[]> {
    const stored = await Promise.all(
      claimed.map(({ partNumber }) => readJson<StoredPart>(`${partFile(upload, partNumber)}.json`)),
    );
    return checkCompletion(claimed, stored, upload.checksumAlgorithm, limits);
  }

  return {
    async createMultipartUpload({ bucket, key, headers }: S3Call): Promise<S3Answer> {
      const upload: Upload = {
        bucket,
        key,
        uploadId: randomUUID(),
        contentType: headerOf(headers, 'content-type') ?? 'application/octet-stream',
        checksumAlgorithm: headerOf(headers, 'x-amz-checksum-algorithm')?.toUpperCase(),
        initiated: new Date().toISOString(),
      };
      await mkdir(files.upload(bucket, upload.uploadId), { recursive: true });
      await writeJson(files.uploadRecord(bucket, upload.uploadId), upload);
      const answer = { Bucket: bucket, Key: key, UploadId: upload.uploadId };
      return { status: 200, body: renderXml('InitiateMultipartUploadResult', answer) };
    },

    async uploadPart(call: S3Call): Promise<S3Answer> {
      const upload = await find(call);
      const partNumber = checkPartRequest(call, upload.checksumAlgorithm, limits);
      const file = partFile(upload, partNumber);
      const { size, md5, crc32 } = await receiveBody(call, file);
      await writeJson(`${file}.json`, { partNumber, size, md5, crc32 } satisfies StoredPart);
      return { status: 200, headers: { etag: `"${md5}"`, ...(crc32 && { 'x-amz-checksum-crc32': crc32 }) } };
    },

    /** The parts stay the files they are; the object is a list of them. */
    async completeMultipartUpload(call: S3Call): Promise<S3Answer> {
      const upload = await find(call);
      const { bucket, key, contentType } = upload;
      const parts = await collect(upload, readCompletion(await receiveText(call)));
      const home = join(files.object(bucket, key), randomUUID());
      await mkdir(dirname(home), { recursive: true });
      await rename(files.upload(bucket, upload.uploadId), home);
      const pieces = parts.map(({ partNumber, size }) => ({ file: join(home, partName(partNumber)), size }));
      const size = pieces.reduce((sum, piece) => sum + piece.size, 0);
      const etag = multipartETag(parts);
      await publish(bucket, { key, size, etag, contentType, lastModified: new Date().toISOString(), pieces });
      const answer = { Location: `/${bucket}/${key}`, Bucket: bucket, Key: key, ETag: etag };
      return { status: 200, body: renderXml('CompleteMultipartUploadResult', answer) };
    },

    async abortMultipartUpload(call: S3Call): Promise<S3Answer> {
      const { bucket, uploadId } = await find(call);
      await rm(files.upload(bucket, uploadId), { recursive: true, force: true });
      return { status: 204 };
    },

    async listMultipartUploads({ bucket, query }: S3Call): Promise<S3Answer> {
      const prefix = query.get('prefix') ?? '';
      const records = (await namesIn(files.uploads(bucket))).map((name) => join(files.uploads(bucket), name));
      const uploads = await Promise.all(records.map((dir) => readJson<Upload>(join(dir, 'upload.json'))));
      const found = uploads
        .filter((upload) => upload !== undefined)
        .filter(({ key }) => key.startsWith(prefix));
      const most = mostOf(query.get('max-uploads'), limits.pageSize);
      const { entries, last } = pageOf(found, nameOf, { after: markerOf(query), most });
      const Upload = entries.map(({ key, uploadId, initiated }) => ({
        Key: key,
        UploadId: uploadId,
        Initiated: initiated,
      }));
      const about = {
        Bucket: bucket,
        Prefix: prefix,
        MaxUploads: most,
        IsTruncated: last !== undefined,
        NextKeyMarker: last?.key,
        NextUploadIdMarker: last?.uploadId,
      };
      return { status: 200, body: renderXml('ListMultipartUploadsResult', { ...about, Upload }) };
    },
  };
}
