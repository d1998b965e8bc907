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

/** Two blocks: one is read while the other is on its way to Glance and through the digest. */
const blockSize = 8 * MiB;

/** Blocks with their digest, read one ahead. A block is used again when the next but one is asked for. */
const digestedBlocks = async function* (object: ByteReader, digest: ReturnType<typeof createThreadDigest>) {
  const pool = createBufferPool(2, blockSize);
  const read = async (buffer: Buffer) => buffer.subarray(0, await fillWhole(object, buffer));
  const [first, second] = [await pool.acquire(), await pool.acquire()];
  try {
    let ahead = read(first);
    for (let turn = 0; ; turn += 1) {
      const block = await ahead;
      if (block.length === 0) return;
      const digested = digest.update(block);
      ahead = read(turn % 2 === 0 ? second : first);
      // Whoever is not awaited because something else went wrong first.
      ahead.catch(() => undefined);
      digested.catch(() => undefined);
      yield block;
      await digested;
    }
  } finally {
    object.close();
    for (const buffer of [first, second]) pool.release(buffer);
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
