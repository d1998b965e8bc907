import { bucketOperations } from './buckets.ts';
import type { S3Handler } from './call.ts';
import { layout } from './files.ts';
import type { S3Limits } from './limits.ts';
import { objectOperations } from './objects.ts';
import type { S3Operation } from './operations.ts';
import { uploadOperations } from './uploads.ts';

/** The handler of each operation, over one directory. */
export function handlersFor(dataDir: string, limits: S3Limits): Record<S3Operation, S3Handler> {
  const files = layout(dataDir);
  const buckets = bucketOperations(files);
  const objects = objectOperations(files, limits);
  const uploads = uploadOperations(files, objects.publish, limits);
  const inBucket =
    (handler: S3Handler): S3Handler =>
    async (call) => {
      await buckets.requireBucket(call.bucket);
      return handler(call);
    };
  return {
    CreateBucket: buckets.createBucket,
    HeadBucket: inBucket(buckets.headBucket),
    ListObjectsV2: inBucket(objects.listObjectsV2),
    ListMultipartUploads: inBucket(uploads.listMultipartUploads),
    PutObject: inBucket(objects.putObject),
    GetObject: inBucket(objects.getObject),
    HeadObject: inBucket(objects.headObject),
    DeleteObject: inBucket(objects.deleteObject),
    CreateMultipartUpload: inBucket(uploads.createMultipartUpload),
    UploadPart: inBucket(uploads.uploadPart),
    CompleteMultipartUpload: inBucket(uploads.completeMultipartUpload),
    AbortMultipartUpload: inBucket(uploads.abortMultipartUpload),
  };
}
