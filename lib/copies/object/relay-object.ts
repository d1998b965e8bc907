import type { RelayStore } from '../../aws/s3/relay-store.ts';
import type { ByteSource } from '../../download/download.ts';
import { type RetryBudget, startReading } from '../../download/reading.ts';
import { fillWhole } from '../../http/framing/byte-reader.ts';
import type { Copy } from '../../state/copy.ts';
import { type Block, readBlocks } from '../../transfer/blocks.ts';
import { MiB } from '../../transfer/part-plan.ts';
import { objectKey } from '../record/object-key.ts';

export interface RelayObjectServices {
  readonly relay: RelayStore;
  /** For reading the object, as for reading a source. */
  readonly sourceBudget: RetryBudget;
}

export interface RelayObjectOptions {
  /** Bytes of the object. */
  readonly size: number;
  /** The byte to begin with; 0 when absent. */
  readonly from?: number;
  readonly signal: AbortSignal;
}

/**
 * A range a request, four requests at once: S3 gives each connection 85-90 MB/s, and advises ranges of 8 or 16 MiB
 * (https://docs.aws.amazon.com/whitepapers/latest/s3-optimizing-performance-best-practices/use-byte-range-fetches.html).
 * A Swift that is asked for whole parts takes an MD5 of them twice, in its object server and in its proxy
 * (swift/obj/diskfile.py, _init_checks; swift/common/request_helpers.py, seg_hash); of smaller ranges only the object
 * server does, where one begins a part.
 */
export const relayBlockSize = 16 * MiB;
const atOnce = 4;

/**
 * The finished object of a copy in blocks, each read like a source: opened again at the byte where it broke.
 * @throws FerryError `data-mismatch` when it has another size; `unavailable` when the budget is spent, also because there is
 * no such object: a store may show one late
 */
export const readRelayObject = (
  { relay, sourceBudget }: RelayObjectServices,
  copy: Pick<Copy, 'copyId' | 'generation'>,
  { size, from = 0, signal }: RelayObjectOptions,
): AsyncGenerator<Block, void> => {
  const object: ByteSource = {
    name: `the object of copy ${copy.copyId}`,
    open: (range) => relay.open(objectKey(copy), range),
  };
  const read = async (
    target: Buffer,
    offset: number,
    options: { readonly signal: AbortSignal },
  ): Promise<void> => {
    const range = { size, offset, end: offset + target.length };
    const reading = await startReading(object, { ...range, budget: sourceBudget, ...options });
    await fillWhole(reading, target).finally(reading.close);
  };
  return readBlocks({ size, from, blockSize: relayBlockSize, atOnce, read, signal });
};
