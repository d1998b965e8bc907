import { S3ServiceException } from '@aws-sdk/client-s3';
import { FerryError } from '../../errors.ts';

/** The store does not have a part as it was stored: whoever copies it anew heals the upload. */
export class PartGone extends FerryError {
  /** Of the part, where the store names it; else it may be any. */
  readonly number: number | undefined;

  constructor(operation: string, number: number | undefined, cause: unknown) {
    const which = number === undefined ? 'a part' : `part ${number}`;
    super(
      'unavailable',
      `Failed to ${operation}: InvalidPart: the store does not have ${which} as it was stored`,
      {
        cause,
      },
    );
    this.number = number;
  }
}

/** AWS has an element for it, others write it into the sentence ("PartNumber 3", "Part 3 could not be found"). */
const numberIn = (error: S3ServiceException): number | undefined => {
  const element = 'PartNumber' in error ? String(error.PartNumber) : '';
  const found = /^(\d{1,5})$/.exec(element) ?? /\bpart ?(?:number)? (\d{1,5})\b/i.exec(error.message);
  return found ? Number(found[1]) : undefined;
};

/**
 * What the store says of a part at the end of an upload, if it is about one.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html#API_CompleteMultipartUpload_Errors
 */
export const partGone = (operation: string, error: unknown): PartGone | undefined =>
  error instanceof S3ServiceException && error.name === 'InvalidPart'
    ? new PartGone(operation, numberIn(error), error)
    : undefined;
