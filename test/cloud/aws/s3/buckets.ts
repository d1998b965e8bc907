import { mkdir, stat } from 'node:fs/promises';
import type { S3Answer, S3Call } from './call.ts';
import { S3Error } from './errors.ts';
import type { Layout } from './files.ts';

/** CreateBucket and HeadBucket; everything else asks `require` first. */
export function bucketOperations(files: Layout) {
  const exists = (bucket: string) =>
    stat(files.objects(bucket)).then(
      () => true,
      () => false,
    );

  /** @throws S3Error NoSuchBucket */
  async function requireBucket(bucket: string): Promise<void> {
    if (!(await exists(bucket)))
      throw new S3Error('NoSuchBucket', `The specified bucket does not exist: ${bucket}`);
  }

  return {
    requireBucket,

    async createBucket({ bucket }: S3Call): Promise<S3Answer> {
      if (await exists(bucket)) {
        throw new S3Error(
          'BucketAlreadyOwnedByYou',
          'Your previous request to create the named bucket succeeded.',
        );
      }
      await mkdir(files.objects(bucket), { recursive: true });
      await mkdir(files.uploads(bucket), { recursive: true });
      return { status: 200, headers: { location: `/${bucket}` } };
    },

    async headBucket(): Promise<S3Answer> {
      return { status: 200 };
    },
  };
}
