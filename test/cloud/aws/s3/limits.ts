/** What an upload may be made of. */
export interface PartLimits {
  /** Highest part number. */
  readonly maxParts: number;
  /** Bytes of a part that is not the last, at least. */
  readonly minPartBytes: number;
}

export interface S3Limits extends PartLimits {
  /** Entries of a page of a listing at most. */
  readonly pageSize: number;
}

/**
 * Of AWS. Swift's s3api takes 1000 parts; Ceph's smallest part is its operator's to choose. "Part size: 5 MiB to 5 GiB.
 * There is no minimum size limit on the last part of your multipart upload."
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
 */
export const limitsOfAws: S3Limits = { maxParts: 10_000, minPartBytes: 5 * 1024 * 1024, pageSize: 1000 };
