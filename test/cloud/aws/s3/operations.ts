import type { S3Call } from './call.ts';
import { S3Error } from './errors.ts';

/** The operations this server knows, by what tells them apart. */
const operations = [
  { name: 'CreateBucket', method: 'PUT', on: 'bucket' },
  { name: 'HeadBucket', method: 'HEAD', on: 'bucket' },
  { name: 'ListObjectsV2', method: 'GET', on: 'bucket', query: 'list-type' },
  { name: 'ListMultipartUploads', method: 'GET', on: 'bucket', query: 'uploads' },
  { name: 'PutObject', method: 'PUT', on: 'object' },
  { name: 'GetObject', method: 'GET', on: 'object' },
  { name: 'HeadObject', method: 'HEAD', on: 'object' },
  { name: 'DeleteObject', method: 'DELETE', on: 'object' },
  { name: 'CreateMultipartUpload', method: 'POST', on: 'object', query: 'uploads' },
  { name: 'UploadPart', method: 'PUT', on: 'object', query: 'uploadId' },
  { name: 'CompleteMultipartUpload', method: 'POST', on: 'object', query: 'uploadId' },
  { name: 'AbortMultipartUpload', method: 'DELETE', on: 'object', query: 'uploadId' },
] as const;

export type S3Operation = (typeof operations)[number]['name'];

/** Query parameters that name a subresource. A request with one that we do not know is not a plain GetObject or so. */
const subresources = new Set([
  ...[
    'acl',
    'attributes',
    'cors',
    'delete',
    'encryption',
    'lifecycle',
    'list-type',
    'location',
    'object-lock',
  ],
  ...['policy', 'restore', 'tagging', 'uploadId', 'uploads', 'versioning', 'versions', 'website'],
]);

/** @throws S3Error NotImplemented for everything that is not in the list above */
export function operationOf({ method, key, query }: S3Call): S3Operation {
  const on = key === '' ? 'bucket' : 'object';
  const subresource = [...query.keys()].find((name) => subresources.has(name));
  const found = operations.find(
    (operation) =>
      operation.method === method &&
      operation.on === on &&
      ('query' in operation ? operation.query : undefined) === subresource,
  );
  if (found) return found.name;
  throw new S3Error(
    'NotImplemented',
    `${method} on ${on}${subresource ? `?${subresource}` : ''} is not implemented.`,
  );
}
