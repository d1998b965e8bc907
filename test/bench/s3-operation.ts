import type { IncomingMessage } from 'node:http';

/** S3's name for a request to a bucket, or to an object. */
export const s3Operation = ({ method = '', url = '/' }: IncomingMessage): string => {
  const { searchParams } = new URL(url, 'http://s3');
  if (method === 'POST')
    return searchParams.has('uploads') ? 'CreateMultipartUpload' : 'CompleteMultipartUpload';
  if (method === 'PUT') return searchParams.has('partNumber') ? 'UploadPart' : 'PutObject';
  if (method === 'DELETE') return searchParams.has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject';
  if (method === 'HEAD') return 'HeadObject';
  if (searchParams.has('uploads')) return 'ListMultipartUploads';
  return searchParams.has('list-type') ? 'ListObjectsV2' : 'GetObject';
};

/** SQS and DynamoDB name theirs in a header: `AmazonSQS.SendMessage`. */
export const targetOperation = ({ headers }: IncomingMessage): string =>
  String(headers['x-amz-target']).split('.').at(-1) ?? '';
