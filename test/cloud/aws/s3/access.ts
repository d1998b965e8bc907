import { headerOf, type S3Call } from './call.ts';
import { S3Error } from './errors.ts';

/** Milliseconds since the epoch of an X-Amz-Date: 20261122T101500Z. */
const timeOf = (date: string | null | undefined): number =>
  Date.parse(date?.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z') ?? '');

/** When a presigned URL ends, in milliseconds since the epoch. */
const expiryOf = (query: URLSearchParams): number =>
  timeOf(query.get('X-Amz-Date')) + Number(query.get('X-Amz-Expires')) * 1000;

/** How far a client's clock may be away, as on AWS. */
const mostSkewMs = 15 * 60_000;

/**
 * The bucket is private: a request is signed, or its URL is and has not expired. Whose signature it is, and whether it
 * is right, is not looked at.
 * @throws S3Error AccessDenied; RequestTimeTooSkewed for a date too far from the store's own time
 */
export function checkAccess({ headers, query }: S3Call, now: Date): void {
  const skewMs = Math.abs(timeOf(headerOf(headers, 'x-amz-date')) - now.getTime());
  if (skewMs > mostSkewMs)
    throw new S3Error(
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
    );
  if (headers.authorization !== undefined) return;
  if (!query.has('X-Amz-Signature')) throw new S3Error('AccessDenied', 'Access Denied');
  if (!(now.getTime() < expiryOf(query))) throw new S3Error('AccessDenied', 'Request has expired');
}
