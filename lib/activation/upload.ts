import { FerryError } from '../errors.ts';
import type { Glance } from '../openstack/glance/glance.ts';
import { ignored } from '../promises.ts';
import type { ImageId } from '../schemas/ids.ts';
import type { Block } from '../transfer/blocks.ts';
import { createThreadDigest, type ThreadDigest } from '../transfer/digest-thread.ts';

export type Digests = Readonly<Record<string, string>>;

export interface UploadActivation {
  readonly target: Glance;
  readonly imageId: ImageId;
  /** Bytes of the image. */
  readonly size: number;
  /** What the bytes must digest to; at least one. */
  readonly digests: Digests;
  /** Reads the relay object from its beginning, in blocks of shared memory (buffer-pool.ts), until the signal. */
  object(options: { readonly signal: AbortSignal }): AsyncIterable<Block>;
  readonly signal: AbortSignal;
}

/** Each block with its bytes on their way through the digest. It is used again when it is through both. */
const digestedBlocks = async function* (object: AsyncIterable<Block>, digest: ThreadDigest) {
  for await (const { bytes, release } of object) {
    const digested = digest.update(bytes).catch(ignored); // `values` says why
    try {
      yield bytes;
    } finally {
      void digested.then(release);
    }
  }
};

/**
 * The object's bytes, its last byte held back until all digests are right. A body that ends before its Content-Length
 * makes Glance return the image to `queued`, so wrong bytes never become an active image.
 */
const provenBytes = async function* (
  object: AsyncIterable<Block>,
  { size, digests, imageId }: UploadActivation,
) {
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
  const { target, imageId, size } = activation;
  const ended = new AbortController();
  const signal = AbortSignal.any([activation.signal, ended.signal]);
  try {
    const body = () => provenBytes(activation.object({ signal }), activation);
    await target.upload(imageId, { size, body }, activation);
  } finally {
    ended.abort(new Error(`nobody uploads image ${imageId} any more`));
  }
};
