import { CompleteMultipartUploadCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withParts } from '../../../../lib/aws/s3/completed-parts.ts';
import { createS3Client } from '../../../../lib/aws/s3/s3-client.ts';
import { type ScriptedServer, startScriptedServer } from '../../scripted-server.ts';

let server: ScriptedServer;
beforeAll(async () => {
  server = await startScriptedServer();
  server.script({ status: 200, text: '<CompleteMultipartUploadResult/>' });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_S3: server.url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  });
});
afterAll(() => server.stop());

const numbers = [1, 2, 10_000];
const command = (Parts?: readonly { PartNumber: number; ETag: string; ChecksumCRC32?: string }[]) =>
  new CompleteMultipartUploadCommand({
    Bucket: 'relay',
    Key: 'image',
    UploadId: 'upload',
    ...(Parts && { MultipartUpload: { Parts: [...Parts] } }),
  });

/** Without the declaration; quotes need not be escaped. */
const normalised = (xml = ''): string => xml.replaceAll('&quot;', '"').replace(/^<\?xml[^>]*>\s*/, '');

test.each([
  ['with their CRCs', 'AAAAAQ=='],
  ['without', undefined],
])('the completed parts are what the SDK makes of them, %s', async (_, crc32) => {
  const etag = '"a&b<c>"';
  const client = createS3Client();
  await client.send(
    command(
      numbers.map((number) => ({ PartNumber: number, ETag: etag, ...(crc32 && { ChecksumCRC32: crc32 }) })),
    ),
  );
  await client.send(
    withParts(
      command(),
      numbers.map((number) => ({ number, etag, crc32 })),
    ),
  );
  const [sdk, ours] = server.seen.slice(-2);
  expect(normalised(ours?.body)).toEqual(normalised(sdk?.body));
  expect(ours?.headers['content-type']).toBe(sdk?.headers['content-type']);
  expect(ours?.headers['content-length']).toBe(`${Buffer.byteLength(ours?.body ?? '')}`);
});
