import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { log } from '../../log.ts';

/** A bucket, and the end of every wait for it. */
export interface BucketCalls {
  readonly client: S3Client;
  readonly bucket: string;
  readonly signal: AbortSignal;
}

/** Something in the bucket, and since when it is there; stores that do not tell leave the time out. */
export interface FoundUpload {
  readonly key: string;
  readonly uploadId: string;
  readonly since: Date | undefined;
}

export interface FoundObject {
  readonly key: string;
  readonly since: Date | undefined;
}

/** What a store answers that has no such call (it may look for an object), or a policy that does not allow it. */
const notListed = [400, 403, 404, 405, 501];

/**
 * A page of a listing; none where the store does not list: what is known by its name goes all the same, and the rest is
 * left to the bucket's lifecycle rules.
 */
const pageOf = async <Page>(what: string, asked: Promise<Page>): Promise<Page | undefined> => {
  try {
    return await asked;
  } catch (error) {
    const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
    const isBucketGone = error instanceof S3ServiceException && error.name === 'NoSuchBucket';
    if (status === undefined || isBucketGone || !notListed.includes(status)) throw error;
    log.warn(`${what} not listed`, { status, error: error as Error });
    return undefined;
  }
};

const isMissing = (error: unknown): boolean =>
  error instanceof S3ServiceException &&
  error.$metadata.httpStatusCode === 404 &&
  error.name !== 'NoSuchBucket';

/**
 * Open uploads whose keys begin so, page by page.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html
 */
export const openUploads = async function* (
  { client, bucket, signal }: BucketCalls,
  prefix: string,
): AsyncGenerator<FoundUpload, void> {
  let after: { readonly KeyMarker?: string | undefined; readonly UploadIdMarker?: string | undefined } = {};
  for (let isMore = true; isMore; ) {
    const command = new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, ...after });
    const page = await pageOf('uploads', client.send(command, { abortSignal: signal }));
    for (const { Key, UploadId, Initiated } of page?.Uploads ?? []) {
      if (Key && UploadId) yield { key: Key, uploadId: UploadId, since: Initiated };
    }
    after = { KeyMarker: page?.NextKeyMarker, UploadIdMarker: page?.NextUploadIdMarker };
    // Without a marker the next page would be the first one again.
    isMore = page?.IsTruncated === true && Boolean(page.NextKeyMarker);
  }
};

/**
 * Objects whose keys begin so, page by page. Swift's listing is behind its objects for a while.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
 */
export const objectsUnder = async function* (
  { client, bucket, signal }: BucketCalls,
  prefix: string,
): AsyncGenerator<FoundObject, void> {
  let after: string | undefined;
  do {
    const command = new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: after });
    const page = await pageOf('objects', client.send(command, { abortSignal: signal }));
    for (const { Key, LastModified } of page?.Contents ?? []) {
      if (Key) yield { key: Key, since: LastModified };
    }
    after = page?.IsTruncated ? page.NextContinuationToken : undefined;
  } while (after);
};

/** Aborts an upload; one that does not exist is fine. */
export const abortUpload = async (
  { client, bucket, signal }: BucketCalls,
  { key, uploadId }: Pick<FoundUpload, 'key' | 'uploadId'>,
): Promise<void> => {
  const command = new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: uploadId });
  await client.send(command, { abortSignal: signal }).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
};

/** Deletes an object; one that does not exist is fine. */
export const removeObject = async ({ client, bucket, signal }: BucketCalls, key: string): Promise<void> => {
  await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: signal });
};

const collected = async <T>(found: AsyncIterable<T>): Promise<readonly T[]> => {
  const all: T[] = [];
  for await (const one of found) all.push(one);
  return all;
};

/**
 * Leaves nothing of a key and of what lies under it (`key/…`): open uploads are aborted, also those whose id nobody
 * has kept, and objects deleted. Keys that merely begin alike are others'. May run twice.
 */
export const clearPrefix = async (calls: BucketCalls, key: string): Promise<void> => {
  const isOurs = (found: { readonly key: string }): boolean =>
    found.key === key || found.key.startsWith(`${key}/`);
  // Listed to the end first: what goes meanwhile would move the pages' borders.
  const uploads = (await collected(openUploads(calls, key))).filter(isOurs);
  for (const upload of uploads) await abortUpload(calls, upload);
  // By its name as well, wherever the listing does not show it yet.
  await removeObject(calls, key);
  const objects = (await collected(objectsUnder(calls, key))).filter(isOurs);
  for (const object of objects) if (object.key !== key) await removeObject(calls, object.key);
};
