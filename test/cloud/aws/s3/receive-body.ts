import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import { headerOf, type S3Call } from './call.ts';
import { S3Error } from './errors.ts';

/** What was received: bytes, MD5 in hex (the ETag) and, where the client gave one, the CRC32 in base64. */
export interface ReceivedBody {
  readonly size: number;
  readonly md5: string;
  readonly crc32: string | undefined;
}

function refuseUnsupported(headers: IncomingHttpHeaders): void {
  // Swift's s3api and others do not decode aws-chunked bodies; neither do we, so that nothing here comes to rely on it.
  const chunked = headerOf(headers, 'content-encoding')?.includes('aws-chunked');
  if (chunked || headerOf(headers, 'x-amz-content-sha256')?.startsWith('STREAMING-')) {
    throw new S3Error(
      'NotImplemented',
      'Transfering payloads in multiple chunks using aws-chunked is not supported.',
    );
  }
  if (headers['x-amz-copy-source']) throw new S3Error('NotImplemented', 'Copying is not implemented.');
  if (headers['content-length'] === undefined) {
    throw new S3Error('MissingContentLength', 'You must provide the Content-Length HTTP header.');
  }
}

function declaredMd5(headers: IncomingHttpHeaders): string | undefined {
  const declared = headerOf(headers, 'content-md5');
  if (declared === undefined) return undefined;
  const digest = Buffer.from(declared, 'base64');
  if (digest.length !== 16) throw new S3Error('InvalidDigest', 'The Content-MD5 you specified is not valid.');
  return digest.toString('hex');
}

function base64OfCrc(crc: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc);
  return bytes.toString('base64');
}

/** The payload's hash of a signature; UNSIGNED-PAYLOAD says nothing of it. */
function declaredSha256(headers: IncomingHttpHeaders): string | undefined {
  const declared = headerOf(headers, 'x-amz-content-sha256');
  return /^[0-9a-f]{64}$/.test(declared ?? '') ? declared : undefined;
}

/**
 * Streams a request's body into a file, which appears under its name only when all of it is there and right.
 * @throws S3Error BadDigest if Content-MD5 or x-amz-checksum-crc32 differ, XAmzContentSHA256Mismatch, IncompleteBody if the client went away,
 *   MissingContentLength, or NotImplemented for aws-chunked bodies.
 */
export async function receiveBody(call: S3Call, file: string): Promise<ReceivedBody> {
  refuseUnsupported(call.headers);
  const md5Wanted = declaredMd5(call.headers);
  const crcWanted = headerOf(call.headers, 'x-amz-checksum-crc32');
  const unfinished = `${file}.unfinished-${process.hrtime.bigint()}`;
  const sha256Wanted = declaredSha256(call.headers);
  const md5 = createHash('md5');
  const sha256 = sha256Wanted === undefined ? undefined : createHash('sha256');
  let size = 0;
  let crc = 0;
  async function* measured(source: AsyncIterable<Buffer>) {
    for await (const bytes of source) {
      size += bytes.length;
      md5.update(bytes);
      sha256?.update(bytes);
      if (crcWanted !== undefined) crc = crc32(bytes, crc);
      yield bytes;
    }
  }
  try {
    await pipeline(call.body, measured, createWriteStream(unfinished, { highWaterMark: 1024 * 1024 })).catch(
      (cause) => {
        throw new S3Error('IncompleteBody', `The request body ended after ${size} bytes: ${cause}`);
      },
    );
    const received = { size, md5: md5.digest('hex'), crc32: crcWanted && base64OfCrc(crc) };
    if (md5Wanted !== undefined && md5Wanted !== received.md5) {
      throw new S3Error('BadDigest', 'The Content-MD5 you specified did not match what we received.');
    }
    if (crcWanted !== received.crc32) {
      throw new S3Error('BadDigest', 'The CRC32 you specified did not match the calculated checksum.');
    }
    if (sha256Wanted !== sha256?.digest('hex')) {
      throw new S3Error(
        'XAmzContentSHA256Mismatch',
        "The provided 'x-amz-content-sha256' header does not match.",
      );
    }
    await rename(unfinished, file);
    return received;
  } finally {
    await rm(unfinished, { force: true });
  }
}

/** A small body as text, for CompleteMultipartUpload. */
export async function receiveText(call: S3Call): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of call.body as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}
