import type { S3Call } from './call.ts';
import { S3Error } from './errors.ts';

/** When a presigned URL ends, in milliseconds since the epoch. X-Amz-Date is 20261122T101500Z. */
function expiryOf(query: URLSearchParams): number {
  const date = query
    .get('X-Amz-Date')
    ?.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
  return Date.parse(date ?? '') + Number(query.get('X-Amz-Expires')) * 1000;
}

/**
 * The bucket is private: a request is signed, or its URL is and has not expired. Whose signature it is, and whether it
 * is right, is not looked at.
 * @throws S3Error AccessDenied
 */
export function checkAccess({ headers, query }: S3Call): void {
  if (headers.authorization !== undefined) return;
  if (!query.has('X-Amz-Signature')) throw new S3Error('AccessDenied', 'Access Denied');
  if (!(Date.now() < expiryOf(query))) throw new S3Error('AccessDenied', 'Request has expired');
}
