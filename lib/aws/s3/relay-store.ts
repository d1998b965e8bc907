import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  NoSuchUpload,
  type S3Client,
  S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { FerryError } from '../../errors.ts';
import type { AskedRange, Range } from '../../http/content-range.ts';
import { awsConnections } from '../connections.ts';
import { serviceError } from '../service-error.ts';
import { abortUpload, clearPrefix, objectsUnder, openUploads, removeObject } from './bucket-contents.ts';
import { withParts } from './completed-parts.ts';
import { isThere } from './is-there.ts';
import { openRange } from './object-get.ts';
import { checksumParameter, type PartAlgorithm, type PartChecksum, type SentPart } from './part-checksum.ts';
import { partGone } from './part-gone.ts';
import { signPayload } from './s3-client.ts';

export interface PartReceipt {
  readonly number: number;
  readonly etag: string;
  /** By `partAlgorithm`, in base64. */
  readonly checksum: string;
}

interface Upload {
  readonly key: string;
  readonly uploadId: string;
}

interface Options {
  readonly signal: AbortSignal;
}

/**
 * The bucket that an image passes through, in the words of S3's multipart API. Bodies are buffers of known length: no
 * store beside AWS takes aws-chunked ones. Every method throws FerryError when the store fails or refuses,
 * see service-error.ts.
 */
export interface RelayStore {
  /** Which checksum `uploadPart` wants of each part; for a store that verifies none the cheapest one. */
  readonly partAlgorithm: PartAlgorithm;
  createUpload(key: string, options: Options): Promise<string>;
  /** @returns the part's ETag. @throws FerryError `upload-gone` when the store does not know the upload (any more) */
  uploadPart(part: Upload & SentPart, options: Options): Promise<string>;
  /**
   * Completes an upload; one that was completed before is fine when the object has the size.
   * @throws PartGone when the store does not have a part as it was stored; FerryError `upload-gone`
   */
  completeUpload(
    upload: Upload & { readonly size: number; readonly parts: readonly PartReceipt[] },
    options: Options,
  ): Promise<void>;
  /** An upload that does not exist is fine. */
  abortUpload(key: string, uploadId: string, options: Options): Promise<void>;
  /**
   * A range of the object. Where the connection breaks off, `fill` returns what has come before; the next call throws.
   * An object that is not there is `unavailable`: Ceph's RGW, Garage and MinIO show one a moment after its upload ended.
   * @throws FerryError `data-mismatch` when it has another size
   */
  open(key: string, range: Options & AskedRange): Promise<Range>;
  /** An object that does not exist is fine. */
  remove(key: string, options: Options): Promise<void>;
  /**
   * Leaves nothing of a key and of what lies under it (`key/…`): aborts every open upload, also one whose id nobody
   * has kept, and deletes every object. May run twice.
   */
  clear(key: string, options: Options): Promise<void>;
  /** Keys of all open uploads and objects whose keys begin so, and since when they are there, where the store tells. */
  keysUnder(prefix: string, options: Options): Promise<ReadonlyMap<string, Date | undefined>>;
}

const isNoSuchUpload = (error: unknown): boolean =>
  error instanceof NoSuchUpload || (error instanceof S3ServiceException && error.name === 'NoSuchUpload');

const guarded = async <T>(operation: string, { signal }: Options, run: () => Promise<T>): Promise<T> => {
  try {
    return await run();
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (!isNoSuchUpload(error)) throw partGone(operation, error) ?? serviceError(operation, error);
    throw new FerryError('upload-gone', `Failed to ${operation}: NoSuchUpload`, { cause: error });
  }
};

export interface RelayOptions {
  /** What the store verifies each part by. */
  readonly checksum: PartChecksum;
  /** Longest wait for the next byte of an object, ms. */
  readonly stallMs: number;
}

export const createRelayStore = (
  client: S3Client,
  bucket: string,
  { checksum, stallMs }: RelayOptions,
): RelayStore => {
  const connections = { ...awsConnections(), stallMs };
  const at = (key: string) => ({ Bucket: bucket, Key: key });
  const abortable = ({ signal }: Options) => ({ abortSignal: signal });
  // S3 takes a part's checksum only where the upload has announced its kind, and wants them all again at the end.
  const announced = { ChecksumAlgorithm: checksum === 'crc32' ? ('CRC32' as const) : undefined };
  const named = (key: string) => `${bucket}/${key}`;

  return {
    partAlgorithm: checksum === 'none' ? 'crc32' : checksum,

    createUpload: (key, options) =>
      guarded(`create the upload of ${named(key)}`, options, async () => {
        const { UploadId } = await client.send(
          new CreateMultipartUploadCommand({ ...at(key), ...announced }),
          abortable(options),
        );
        if (!UploadId) throw new Error('the store gave no UploadId');
        return UploadId;
      }),

    uploadPart: (sent, options) => {
      const { key, uploadId, number, bytes } = sent;
      return guarded(`upload part ${number} of ${named(key)}`, options, async () => {
        const part = { ...at(key), UploadId: uploadId, PartNumber: number, ContentLength: bytes.length };
        const command = new UploadPartCommand({
          ...part,
          Body: bytes,
          ...checksumParameter(sent, checksum),
        });
        if (checksum === 'sha256') signPayload(command, Buffer.from(sent.checksum, 'base64').toString('hex'));
        const { ETag } = await client.send(command, abortable(options));
        if (!ETag) throw new Error('the store gave no ETag');
        return ETag;
      });
    },

    completeUpload: ({ key, uploadId, size, parts }, options) =>
      guarded(`complete the upload of ${named(key)}`, options, async () => {
        const completed = parts.map(({ number, etag, checksum: crc32 }) => ({
          number,
          etag,
          ...(announced.ChecksumAlgorithm && { crc32 }),
        }));
        const command = new CompleteMultipartUploadCommand({ ...at(key), UploadId: uploadId });
        try {
          await client.send(withParts(command, completed), abortable(options));
        } catch (error) {
          // An answer that got lost: the store has completed the upload and forgotten it.
          if (!isNoSuchUpload(error) || !(await isThere(client, { ...at(key), size }, options))) throw error;
        }
      }),

    abortUpload: (key, uploadId, options) =>
      guarded(`abort the upload of ${named(key)}`, options, () =>
        abortUpload({ client, bucket, ...options }, { key, uploadId }),
      ),

    open: (key, { signal, ...range }) => {
      const operation = `read ${named(key)}`;
      return guarded(operation, { signal }, () =>
        openRange(client, at(key), { range, operation, connections, signal }),
      );
    },

    remove: (key, options) =>
      guarded(`delete ${named(key)}`, options, () => removeObject({ client, bucket, ...options }, key)),

    keysUnder: (prefix, options) =>
      guarded(`list ${named(prefix)}`, options, async () => {
        const calls = { client, bucket, ...options };
        const keys = new Map<string, Date | undefined>();
        for await (const { key, since } of openUploads(calls, prefix)) keys.set(key, since);
        for await (const { key, since } of objectsUnder(calls, prefix)) keys.set(key, since);
        return keys;
      }),

    clear: (key, options) =>
      guarded(`clear ${named(key)}`, options, () => clearPrefix({ client, bucket, ...options }, key)),
  };
};
