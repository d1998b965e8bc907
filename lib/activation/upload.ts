import { FerryError } from '../errors.ts';
import { type ByteReader, fillWhole } from '../http/byte-reader.ts';
import type { Glance } from '../openstack/glance.ts';
import type { ImageId } from '../schemas/ids.ts';
import { createBufferPool } from '../transfer/buffer-pool.ts';
import { createThreadDigest } from '../transfer/digest-thread.ts';
import { MiB } from '../transfer/part-plan.ts';

export type Digests = Readonly<Record<string, string>>;

export interface UploadActivation {
  readonly target: Glance;
  readonly imageId: ImageId;
  /** Bytes of the image. */
  readonly size: number;
  /** What the bytes must digest to; at least one. */
  readonly digests: Digests;
  /** The relay object. */
  readonly object: ByteReader;
  readonly signal: AbortSignal;
}

/** In memory at a time: one is on its way to Glance and through the digest while others are read. */
const blockCount = 8;
const blockSize = 4 * MiB;

interface Block {
  readonly buffer: Buffer;
  readonly bytes: Buffer;
}

const ignored = (): void => undefined;

/** Blocks with their digest, read ahead, one after the other. A block is used again when the next one is asked for. */
const digestedBlocks = async function* (object: ByteReader, digest: ReturnType<typeof createThreadDigest>) {
  const pool = createBufferPool(blockCount, blockSize);
  const read = async (): Promise<Block> => {
    const buffer = await pool.acquire();
    return { buffer, bytes: buffer.subarray(0, await fillWhole(object, buffer)) };
  };
  const ahead: Promise<Block>[] = [];
  const readAhead = (): void => {
    const next = (ahead.at(-1) ?? Promise.resolve()).then(read);
    // Nobody awaits it if something else goes wrong first; a rejection that nobody handles ends the process.
    next.catch(ignored);
    ahead.push(next);
  };
  try {
    while (ahead.length < blockCount) readAhead();
    for (;;) {
      const block = await ahead.shift();
      if (!block || block.bytes.length === 0) return;
      readAhead();
      const digested = digest.update(block.bytes).catch(ignored); // `values` says why
      yield block.bytes;
      void digested.then(() => pool.release(block.buffer));
    }
  } finally {
    object.close();
    pool.close();
  }
};

/**
 * The object's bytes, its last byte held back until all digests are right. A body that ends before its Content-Length
 * makes Glance put the image back to `queued`, so wrong bytes never become an active image.
 */
const provenBytes = async function* ({ object, size, digests, imageId }: UploadActivation) {
  const digest = createThreadDigest({ algorithms: Object.keys(digests) });
  let [read, sent] = [0, 0];
  let last: Buffer = Buffer.alloc(0);
  try {
    for await (const block of digestedBlocks(object, digest)) {
      read += block.length;
      // Beyond its Content-Length a body is complete, whatever follows.
      if (read > size) break;
      if (read === size) last = Buffer.from(block.subarray(-1));
      const now = read === size ? block.subarray(0, -1) : block;
      sent += now.length;
      if (now.length > 0) yield now;
    }
    if (read !== size) throw mismatch(imageId, `${read} bytes instead of ${size}`);
    const values = await digest.values();
    const wrong = Object.keys(digests).find((algorithm) => values[algorithm] !== digests[algorithm]);
    if (wrong) throw mismatch(imageId, `${wrong} ${values[wrong]} instead of ${digests[wrong]}`);
  } finally {
    digest.close();
  }
  if (sent < size) yield last;
};

const mismatch = (imageId: ImageId, found: string): FerryError =>
  new FerryError('data-mismatch', `The transferred object of image ${imageId} has ${found}`);

/**
 * Activation `upload`: streams the object into PUT /v2/images/{id}/file with Content-Length.
 * @throws FerryError `data-mismatch` when the object is not what was transferred; the target is then `queued` again
 */
export const activateByUpload = async (activation: UploadActivation): Promise<void> => {
  const { target, imageId, size, object, signal } = activation;
  try {
    await target.upload(imageId, { size, body: provenBytes(activation) }, { signal });
  } finally {
    object.close();
  }
};
