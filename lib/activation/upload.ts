import { Readable } from 'node:stream';
import { FerryError } from '../errors.ts';
import type { Glance } from '../openstack/glance.ts';
import type { ImageId } from '../schemas/ids.ts';
import { createDigest } from '../transfer/digest.ts';

export type Digests = Readonly<Record<string, string>>;

export interface UploadActivation {
  readonly target: Glance;
  readonly imageId: ImageId;
  /** Bytes of the image. */
  readonly size: number;
  /** What the bytes must digest to; at least one. */
  readonly digests: Digests;
  /** The relay object. */
  readonly object: Readable;
  readonly signal: AbortSignal;
}

/**
 * The object's bytes, its last byte held back until all digests are right. A body that ends before its Content-Length
 * makes Glance put the image back to `queued`, so wrong bytes never become an active image.
 */
const provenBytes = async function* (object: Readable, size: number, digests: Digests, name: string) {
  const digest = createDigest(Object.keys(digests));
  let read = 0;
  let last: Buffer = Buffer.alloc(0);
  for await (const bytes of object as AsyncIterable<Buffer>) {
    read += bytes.length;
    // Beyond its Content-Length a body is complete, whatever follows.
    if (read > size) break;
    if (bytes.length === 0) continue;
    if (last.length > 0) yield last;
    digest.update(bytes);
    last = bytes.subarray(-1);
    if (bytes.length > 1) yield bytes.subarray(0, -1);
  }
  const values = digest.values();
  const wrong = Object.keys(digests).find((algorithm) => values[algorithm] !== digests[algorithm]);
  if (read !== size || wrong) {
    const found =
      read === size
        ? `${wrong} ${values[wrong ?? '']} instead of ${digests[wrong ?? '']}`
        : `${read} bytes instead of ${size}`;
    throw new FerryError('data-mismatch', `The transferred object of image ${name} has ${found}`);
  }
  if (last.length > 0) yield last;
};

/**
 * Activation `upload`: streams the object into PUT /v2/images/{id}/file with Content-Length.
 * @throws FerryError `data-mismatch` when the object is not what was transferred; the target is then `queued` again
 */
export const activateByUpload = async (activation: UploadActivation): Promise<void> => {
  const { target, imageId, size, digests, object, signal } = activation;
  const body = Readable.from(provenBytes(object, size, digests, imageId), { objectMode: false });
  try {
    await target.upload(imageId, { size, body }, { signal });
  } finally {
    object.destroy();
  }
};
