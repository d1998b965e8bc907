import type { Download } from '../../download/download.ts';
import { startReading } from '../../download/reading.ts';
import type { Hash, StoredPart } from '../../state/copy.ts';
import { isKnownAlgorithm, lengthsOf } from '../../transfer/algorithms.ts';
import { type Copied, copyParts } from '../../transfer/copy-parts.ts';
import { buffersFor } from '../../transfer/part-plan.ts';
import type { CopyRun } from '../record/copy-run.ts';
import { objectKey } from '../record/object-key.ts';
import type { CopyServices } from '../record/services.ts';
import { targetAlgorithm } from '../record/source-hash.ts';
import { mismatch } from './open-source.ts';
import { planPartsOf } from './plan-parts.ts';
import type { Progress } from './progress.ts';

/** What of a source is to be copied into an upload: from the first byte of a part on. */
export interface Range {
  readonly download: Download;
  readonly uploadId: string;
  /** Bytes of the whole source; undefined where only its download can tell. */
  readonly size: number | undefined;
  readonly from: number;
  /**
   * Up to but without this byte, which begins another part: the source must give exactly this range. Without it the
   * copy goes to the source's end, and a source without ranges is read from its beginning.
   */
  readonly to?: number;
  /** Bytes of a part, where a plan has said so. */
  readonly partSize?: number;
  /** By number: not sent again when the same bytes come by. */
  readonly stored: ReadonlyMap<number, StoredPart>;
  /** What the bytes are digested by on their way, beside the target's algorithm; nothing is digested when absent. */
  readonly hashes?: readonly Hash[];
}

/** By what a range is digested while it is copied. */
const digestsOf = (hashes: readonly Hash[] | undefined) => {
  if (!hashes) return { algorithms: [] };
  const known = hashes.filter(({ algorithm }) => isKnownAlgorithm(algorithm));
  return {
    algorithms: [...known.map(({ algorithm }) => algorithm), targetAlgorithm],
    lengths: lengthsOf(known),
  };
};

/**
 * Copies one range of a source into the upload, with a checkpoint for each part: the whole image, a segment or a gap. It
 * may end anywhere, and goes on after the stored parts when it is called again.
 * @throws FerryError `data-mismatch` when more came than the source has; what source, store or stream throw
 */
export const copyRange = async (
  services: CopyServices,
  run: CopyRun,
  range: Range,
  progress: Progress,
): Promise<Copied> => {
  const { relay, partLimits, partsInFlight, imageSizeCap, sourceBudget: budget } = services;
  const { download, uploadId, size, from, to, stored } = range;
  const { signal } = run;
  const end = to === undefined ? {} : { end: to };
  const reading = await startReading(download, { size, offset: from, ...end, budget, signal });
  try {
    const planned = planPartsOf(reading.size, services);
    const partSize = range.partSize ?? planned.partSize;
    const most = Math.min(reading.size ?? planned.capacity, imageSizeCap);
    const copied = await copyParts({
      source: reading,
      offset: reading.startsAt,
      partSize,
      buffers: buffersFor({ partSize }, partLimits, partsInFlight),
      ...digestsOf(range.hashes),
      partAlgorithm: relay.partAlgorithm,
      stored,
      send: (part) => relay.uploadPart({ key: objectKey(run.subject), uploadId, ...part }, { signal }),
      checkpoint: async (part, copiedTo) => {
        if (stored.get(part.number) !== part) await run.savePart(part);
        progress.report(copiedTo);
      },
      inspect: (read) => {
        if (read > most) throw mismatch(download, `more than ${most} bytes came`);
      },
    });
    await progress.stop();
    return copied;
  } catch (error) {
    reading.close();
    await progress.breakOff();
    throw error;
  } finally {
    reading.close();
  }
};
