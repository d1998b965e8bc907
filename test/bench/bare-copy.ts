import { createRelayStore } from '../../lib/aws/s3/relay-store.ts';
import { createS3Client } from '../../lib/aws/s3/s3-client.ts';
import { get } from '../../lib/http/exchange.ts';
import { copyParts } from '../../lib/transfer/copy-parts.ts';
import { MiB } from '../../lib/transfer/part-plan.ts';

// The transfer layer alone, as a function: lib/transfer and the relay store between a URL and an S3, without a digest,
// which the function stream-image always takes.

const connections = { stallMs: 60_000 };
const relay = createRelayStore(createS3Client(), 'relay', { checksum: 'crc32', ...connections });

export const handler = async ({ url }: { readonly url: string }): Promise<number> => {
  const { signal } = new AbortController();
  const upload = { key: 'bare', uploadId: await relay.createUpload('bare', { signal }) };
  const { body } = await get({ url, headers: {}, connections, signal });
  const copied = await copyParts({
    source: body,
    partSize: 16 * MiB,
    buffers: 5,
    algorithms: [],
    partAlgorithm: relay.partAlgorithm,
    stored: new Map(),
    send: (part) => relay.uploadPart({ ...upload, ...part }, { signal }),
    checkpoint: () => Promise.resolve(),
  });
  await relay.completeUpload({ ...upload, size: copied.size, parts: copied.parts }, { signal });
  return copied.size;
};
