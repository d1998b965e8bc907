import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { s3Operation } from '../bench/s3-operation.ts';
import { listen } from '../cloud/aws/listen.ts';
import { type MadeUp, madeUpData } from '../cloud/openstack/glance/made-up.ts';

// An S3 for one image of made-up bytes that is too large for a disk. Each part is compared, byte by byte, with what the
// image has at its place, and only remembered; whoever reads the object gets its bytes made up again. A part with one
// byte different is refused, so the object is what was received.

const [, , given = ''] = process.argv;
const { partSize, ...image } = JSON.parse(given) as MadeUp & { readonly partSize: number };
const data = madeUpData(image);

interface Upload {
  /** Bytes by number of part. */
  readonly parts: Map<number, number>;
}

const uploads = new Map<string, Upload>();
const objects = new Map<string, number>();
let refused = 0;

const xml = (name: string, content: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?><${name} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${content}</${name}>`;

const answer = (
  response: ServerResponse,
  status: number,
  body = '',
  headers: Record<string, string> = {},
): void => {
  response.writeHead(status, { 'content-type': 'application/xml', ...headers }).end(body);
};

const fail = (response: ServerResponse, status: number, code: string): void =>
  answer(response, status, `<Error><Code>${code}</Code><Message>${code}</Message></Error>`);

/** Compares a body with the image's bytes from an offset on. @returns how many are the same, all of them or -1 */
const compare = async (body: AsyncIterable<Buffer>, offset: number, length: number): Promise<number> => {
  const expected = data.open(offset, offset + length)[Symbol.asyncIterator]();
  let known: Buffer = Buffer.alloc(0);
  let [isSame, size] = [true, 0];
  for await (const bytes of body) {
    size += bytes.length;
    for (let at = 0; at < bytes.length && isSame; ) {
      if (known.length === 0)
        known = ((await expected.next()).value as Buffer | undefined) ?? Buffer.alloc(0);
      const count = Math.min(known.length, bytes.length - at);
      isSame = count > 0 && known.subarray(0, count).equals(bytes.subarray(at, at + count));
      known = known.subarray(count);
      at += count;
    }
  }
  return isSame ? size : -1;
};

const takePart = async (
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams,
): Promise<void> => {
  const upload = uploads.get(query.get('uploadId') ?? '');
  if (!upload) return fail(response, 404, 'NoSuchUpload');
  const number = Number(query.get('partNumber'));
  const length = Number(request.headers['content-length']);
  const same = await compare(request, (number - 1) * partSize, length);
  if (same !== length) {
    refused += 1;
    return fail(response, 400, 'BadDigest');
  }
  upload.parts.set(number, length);
  answer(response, 200, '', { etag: `"${number}"` });
};

/** All parts, whole but for the last: what they are of is what the image is. */
const isWhole = ({ parts }: Upload): boolean =>
  parts.size === Math.ceil(image.size / partSize) &&
  [...parts.values()].reduce((sum, length) => sum + length, 0) === image.size;

const complete = (key: string, query: URLSearchParams, response: ServerResponse): void => {
  const id = query.get('uploadId') ?? '';
  const upload = uploads.get(id);
  if (upload && isWhole(upload)) {
    uploads.delete(id);
    objects.set(key, image.size);
    answer(response, 200, xml('CompleteMultipartUploadResult', '<ETag>"x-1"</ETag>'));
  } else if (upload) fail(response, 400, 'InvalidPart');
  else fail(response, 404, 'NoSuchUpload');
};

const give = async (request: IncomingMessage, response: ServerResponse, key: string): Promise<void> => {
  const size = objects.get(key);
  if (size === undefined) return fail(response, 404, 'NoSuchKey');
  const [, from, last] = (/^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []).map(Number);
  if (from === undefined || last === undefined || last >= size) return fail(response, 416, 'InvalidRange');
  const range = { 'content-range': `bytes ${from}-${last}/${size}` };
  response.writeHead(206, { 'content-length': last + 1 - from, ...range });
  await pipeline(data.open(from, last + 1), response).catch(() => undefined);
};

const server = createServer({ requestTimeout: 0, keepAliveTimeout: 60_000 }, (request, response) => {
  const { pathname: key, searchParams: query } = new URL(request.url ?? '/', 'http://s3');
  const act: Readonly<Record<string, () => unknown>> = {
    CreateMultipartUpload: () => {
      const id = `upload-${process.hrtime.bigint()}`;
      uploads.set(id, { parts: new Map() });
      answer(response, 200, xml('InitiateMultipartUploadResult', `<UploadId>${id}</UploadId>`));
    },
    UploadPart: () => takePart(request, response, query).catch(() => response.destroy()),
    CompleteMultipartUpload: () => request.resume().on('end', () => complete(key, query, response)),
    AbortMultipartUpload: () => answer(response, uploads.delete(query.get('uploadId') ?? '') ? 204 : 404),
    DeleteObject: () => {
      objects.delete(key);
      answer(response, 204);
    },
    HeadObject: () => {
      const size = objects.get(key);
      answer(response, size === undefined ? 404 : 200, '', { 'content-length': `${size ?? 0}` });
    },
    GetObject: () => give(request, response, key),
  };
  const operation = act[s3Operation(request)];
  if (operation) void operation();
  else fail(response, 501, 'NotImplemented');
});
process.send?.(await listen(server, 0, 'the recalling S3'));
process.on('message', () =>
  process.send?.({ uploads: uploads.size, objects: objects.size, 'parts refused': refused }),
);
process.on('disconnect', () => process.exit(0));
