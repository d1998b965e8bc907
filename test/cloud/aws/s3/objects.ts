import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { headerOf, type S3Answer, type S3Call } from './call.ts';
import { S3Error } from './errors.ts';
import { type Layout, namesIn, readJson, writeJson } from './files.ts';
import { fromToken, mostOf, pageOf, toToken } from './listing.ts';
import { type ByteRange, parseRange } from './range.ts';
import { receiveBody } from './receive-body.ts';
import { renderXml } from './xml.ts';

/** A run of an object's bytes in one file: a part stays the file it was uploaded into. */
export interface Piece {
  readonly file: string;
  readonly size: number;
}

export interface StoredObject {
  readonly key: string;
  readonly size: number;
  /** With its quotes, as on the wire. */
  readonly etag: string;
  readonly contentType: string;
  readonly lastModified: string;
  readonly pieces: readonly Piece[];
}

const headersOf = (object: StoredObject) => ({
  etag: object.etag,
  'content-type': object.contentType,
  'last-modified': new Date(object.lastModified).toUTCString(),
  'accept-ranges': 'bytes',
});

async function* bytesOf(pieces: readonly Piece[], { start, end }: ByteRange): AsyncGenerator<Buffer> {
  let offset = 0;
  for (const { file, size } of pieces) {
    const from = Math.max(0, start - offset);
    const to = Math.min(size, end - offset);
    if (from < to) yield* createReadStream(file, { start: from, end: to - 1, highWaterMark: 256 * 1024 });
    offset += size;
  }
}

export function objectOperations(files: Layout, { pageSize }: { readonly pageSize: number }) {
  /** Makes the object visible, then drops the bytes of the one it replaces. */
  async function publish(bucket: string, object: StoredObject): Promise<void> {
    const record = files.objectRecord(bucket, object.key);
    await mkdir(dirname(record), { recursive: true });
    const replaced = await readJson<StoredObject>(record);
    await writeJson(record, object);
    await Promise.all((replaced?.pieces ?? []).map(({ file }) => rm(file, { force: true })));
  }

  async function find({ bucket, key }: S3Call): Promise<StoredObject> {
    const object = await readJson<StoredObject>(files.objectRecord(bucket, key));
    if (!object) throw new S3Error('NoSuchKey', `The specified key does not exist: ${key}`);
    return object;
  }

  return {
    publish,

    async putObject(call: S3Call): Promise<S3Answer> {
      const { bucket, key, headers } = call;
      const file = join(files.object(bucket, key), randomUUID());
      await mkdir(dirname(file), { recursive: true });
      const { size, md5 } = await receiveBody(call, file);
      const contentType = headerOf(headers, 'content-type') ?? 'application/octet-stream';
      const lastModified = new Date().toISOString();
      await publish(bucket, {
        key,
        size,
        etag: `"${md5}"`,
        contentType,
        lastModified,
        pieces: [{ file, size }],
      });
      return { status: 200, headers: { etag: `"${md5}"` } };
    },

    async getObject(call: S3Call): Promise<S3Answer> {
      const object = await find(call);
      const range = parseRange(headerOf(call.headers, 'range'), object.size);
      const { start, end } = range ?? { start: 0, end: object.size };
      const body = Readable.from(bytesOf(object.pieces, { start, end }), { objectMode: false });
      const headers = { ...headersOf(object), 'content-length': String(end - start) };
      if (!range) return { status: 200, headers, body };
      const contentRange = `bytes ${start}-${end - 1}/${object.size}`;
      return { status: 206, headers: { ...headers, 'content-range': contentRange }, body };
    },

    async headObject(call: S3Call): Promise<S3Answer> {
      const object = await find(call);
      return { status: 200, headers: { ...headersOf(object), 'content-length': String(object.size) } };
    },

    /** Deleting what is not there succeeds, as on S3. */
    async deleteObject({ bucket, key }: S3Call): Promise<S3Answer> {
      const object = await readJson<StoredObject>(files.objectRecord(bucket, key));
      await rm(files.object(bucket, key), { recursive: true, force: true });
      await Promise.all(
        (object?.pieces ?? []).map(({ file }) => rm(dirname(file), { recursive: true, force: true })),
      );
      return { status: 204 };
    },

    async listObjectsV2({ bucket, query }: S3Call): Promise<S3Answer> {
      const prefix = query.get('prefix') ?? '';
      const records = (await namesIn(files.objects(bucket))).map((name) => join(files.objects(bucket), name));
      const objects = await Promise.all(
        records.map((dir) => readJson<StoredObject>(join(dir, 'object.json'))),
      );
      const found = objects
        .filter((object) => object !== undefined)
        .filter(({ key }) => key.startsWith(prefix));
      const most = mostOf(query.get('max-keys'), pageSize);
      const after = fromToken(query.get('continuation-token'));
      const { entries, last } = pageOf(found, ({ key }) => key, { after, most });
      const Contents = entries.map(({ key, lastModified, etag, size }) => ({
        Key: key,
        LastModified: lastModified,
        ETag: etag,
        Size: size,
        StorageClass: 'STANDARD',
      }));
      const about = {
        Name: bucket,
        Prefix: prefix,
        KeyCount: Contents.length,
        MaxKeys: most,
        IsTruncated: last !== undefined,
        NextContinuationToken: last && toToken(last.key),
      };
      return { status: 200, body: renderXml('ListBucketResult', { ...about, Contents }) };
    },
  };
}
