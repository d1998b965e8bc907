import { headerOf, type S3Call } from './call.ts';
import { S3Error } from './errors.ts';
import type { PartLimits } from './limits.ts';
import type { StoredPart } from './uploads.ts';
import { elementsOf, textOf } from './xml.ts';

/** A part as CompleteMultipartUpload names it; the ETag without quotes. */
export interface ClaimedPart {
  readonly partNumber: number;
  readonly etag: string;
  readonly crc32: string | undefined;
}

/**
 * The part number of an UploadPart. AWS refuses a checksum the upload was not created with, and a missing one it was.
 * @throws S3Error InvalidArgument, InvalidRequest
 */
export function checkPartRequest(
  call: S3Call,
  algorithm: string | undefined,
  { maxParts }: PartLimits,
): number {
  const partNumber = Number(call.query.get('partNumber'));
  if (!Number.isInteger(partNumber) || partNumber < 1 || partNumber > maxParts) {
    throw new S3Error(
      'InvalidArgument',
      `Part number must be an integer between 1 and ${maxParts}, inclusive`,
    );
  }
  const given = headerOf(call.headers, 'x-amz-checksum-crc32') === undefined ? undefined : 'CRC32';
  if (given !== algorithm) {
    const [expected, actual] = [algorithm, given].map((name) => name?.toLowerCase() ?? 'null');
    const types = `expected checksum Type: ${expected}, actual checksum Type: ${actual}`;
    throw new S3Error('InvalidRequest', `Checksum Type mismatch occurred, ${types}`);
  }
  return partNumber;
}

/** @throws S3Error MalformedXML, InvalidPartOrder */
export function readCompletion(xml: string): ClaimedPart[] {
  const claimed = elementsOf(xml, 'Part').map((part) => ({
    partNumber: Number(textOf(part, 'PartNumber')),
    etag: (textOf(part, 'ETag') ?? '').replaceAll('"', ''),
    crc32: textOf(part, 'ChecksumCRC32'),
  }));
  if (claimed.length === 0) throw new S3Error('MalformedXML', 'The XML you provided was not well-formed.');
  const inOrder = claimed.every((part, i) => i === 0 || part.partNumber > (claimed[i - 1]?.partNumber ?? 0));
  if (!inOrder) throw new S3Error('InvalidPartOrder', 'The list of parts was not in ascending order.');
  return claimed;
}

function checkPart(
  claimed: ClaimedPart,
  stored: StoredPart | undefined,
  algorithm: string | undefined,
): StoredPart {
  if (algorithm === 'CRC32' && claimed.crc32 === undefined) {
    const rule =
      'The upload was created using a crc32 checksum. The complete request must include the checksum';
    throw new S3Error(
      'InvalidRequest',
      `${rule} for each part. It was missing for part ${claimed.partNumber}.`,
    );
  }
  const sameCrc = claimed.crc32 === undefined || claimed.crc32 === stored?.crc32;
  if (stored === undefined || stored.md5 !== claimed.etag || !sameCrc) {
    const reason =
      "The part may not have been uploaded, or the specified entity tag may not match the part's.";
    const message = `One or more of the specified parts could not be found. ${reason}`;
    throw new S3Error('InvalidPart', message, { PartNumber: claimed.partNumber, ETag: claimed.etag });
  }
  return stored;
}

/**
 * Holds what the client claims against what was uploaded, and returns the parts.
 * @throws S3Error InvalidPart, InvalidRequest, EntityTooSmall
 */
export function checkCompletion(
  claimed: readonly ClaimedPart[],
  stored: readonly (StoredPart | undefined)[],
  algorithm: string | undefined,
  { minPartBytes }: PartLimits,
): StoredPart[] {
  const parts = claimed.map((part, i) => checkPart(part, stored[i], algorithm));
  const tooSmall = parts.slice(0, -1).find(({ size }) => size < minPartBytes);
  if (tooSmall) {
    const { partNumber, size } = tooSmall;
    throw new S3Error(
      'EntityTooSmall',
      `Part ${partNumber} has ${size} bytes; the minimum is ${minPartBytes}.`,
    );
  }
  return parts;
}
