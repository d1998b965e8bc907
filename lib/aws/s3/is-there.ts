import { setTimeout as delay } from 'node:timers/promises';
import { HeadObjectCommand, NotFound, type S3Client, S3ServiceException } from '@aws-sdk/client-s3';

interface Named {
  readonly Bucket: string;
  readonly Key: string;
}

interface Options {
  readonly signal: AbortSignal;
}

const isStatus = (error: unknown, status: number): boolean =>
  error instanceof S3ServiceException && error.$metadata.httpStatusCode === status;

/** Bytes; undefined for an object that is not there. */
const sizeOf = async (client: S3Client, object: Named, { signal }: Options): Promise<number | undefined> => {
  try {
    const head = await client.send(new HeadObjectCommand(object), { abortSignal: signal });
    return head.ContentLength;
  } catch (error) {
    if (error instanceof NotFound || isStatus(error, 404)) return undefined;
    throw error;
  }
};

/** Some stores (RGW, Garage, MinIO) show an object a moment after they have answered for it: ms between the looks. */
const pausesMs = [0, 250, 500, 1000];

/** Whether an object of so many bytes is in the bucket. @throws what the store answers but for 404 */
export const isThere = async (
  client: S3Client,
  { size, ...object }: Named & { readonly size: number },
  { signal }: Options,
): Promise<boolean> => {
  for (const pauseMs of pausesMs) {
    if (pauseMs > 0) await delay(pauseMs, undefined, { signal });
    const found = await sizeOf(client, object, { signal });
    if (found !== undefined) return found === size;
  }
  return false;
};
