import type { CompleteMultipartUploadCommand } from '@aws-sdk/client-s3';
import { replaceBody } from './s3-client.ts';

/** A part as the store knows it. */
export interface CompletedPart {
  readonly number: number;
  readonly etag: string;
  /** CRC32 in base64, where the upload has announced it. */
  readonly crc32?: string | undefined;
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const partXml = ({ number, etag, crc32 }: CompletedPart): string => {
  const sum = crc32 === undefined ? '' : `<ChecksumCRC32>${crc32}</ChecksumCRC32>`;
  return `<Part><ETag>${escaped(etag)}</ETag>${sum}<PartNumber>${number}</PartNumber></Part>`;
};

/**
 * The body of CompleteMultipartUpload, put into the command as text: the SDK would build a tree of objects of
 * as many as 10 000 parts first.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
 */
export const withParts = (
  command: CompleteMultipartUploadCommand,
  parts: readonly CompletedPart[],
): CompleteMultipartUploadCommand => {
  const xmlns = 'http://s3.amazonaws.com/doc/2006-03-01/';
  const body = `<CompleteMultipartUpload xmlns="${xmlns}">${parts.map(partXml).join('')}</CompleteMultipartUpload>`;
  replaceBody(command, body);
  return command;
};
