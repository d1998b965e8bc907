import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen } from '../cloud/aws/listen.ts';
import { s3Operation } from './s3-operation.ts';

// An S3 that takes everything and keeps nothing: answers the multipart calls, counts requests and bytes.

let counts: Record<string, number> = {};
let sizes: Record<string, number> = {};

// With a number of parts, as S3's own: else clients take it for an md5 and compare.
const etag = '"00000000000000000000000000000000-1"';
const xml = (name: string, content: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?><${name} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${content}</${name}>`;

const bodies: Readonly<Record<string, string>> = {
  CreateMultipartUpload: xml('InitiateMultipartUploadResult', '<UploadId>upload</UploadId>'),
  CompleteMultipartUpload: xml('CompleteMultipartUploadResult', `<ETag>${etag}</ETag>`),
};

const answer = (operation: string, key: string, response: ServerResponse): void => {
  const body = bodies[operation];
  const type = body === undefined ? {} : { 'content-type': 'application/xml' };
  const length = operation === 'HeadObject' ? (sizes[key] ?? 0) : Buffer.byteLength(body ?? '');
  const date = new Date().toUTCString();
  response.writeHead(200, { etag, 'last-modified': date, 'content-length': length, ...type }).end(body);
};

const take = (request: IncomingMessage, response: ServerResponse): void => {
  const { pathname: key } = new URL(request.url ?? '/', 'http://sink');
  const operation = s3Operation(request);
  const isData = operation === 'UploadPart' || operation === 'PutObject';
  counts[operation] = (counts[operation] ?? 0) + 1;
  request.on('data', (bytes: Buffer) => {
    if (isData) sizes[key] = (sizes[key] ?? 0) + bytes.length;
  });
  request.on('end', () => answer(operation, key, response));
};

// No limit on the time of a request: one curl sends the whole image in one.
const server = createServer({ requestTimeout: 0, keepAliveTimeout: 60_000 }, take);
const url = await listen(server, 0, 'the sink');
process.send?.(url);
/** Any message: what has come since the last one. */
process.on('message', () => {
  const bytes = Object.values(sizes).reduce((sum, size) => sum + size, 0);
  process.send?.({ counts, bytes });
  [counts, sizes] = [{}, {}];
});
process.on('disconnect', () => process.exit(0));
