import { planPartsOf } from '../../lib/copies/bytes/plan-parts.ts';
import type { Progress } from '../../lib/copies/bytes/progress.ts';
import { relayBlockSize } from '../../lib/copies/object/relay-object.ts';
import type { CopyRun } from '../../lib/copies/record/copy-run.ts';
import type { CopyServices } from '../../lib/copies/record/services.ts';
import type { StoredPart } from '../../lib/state/copy.ts';
import { MiB } from '../../lib/transfer/part-plan.ts';
import type { Assumptions } from './assumptions.ts';
import type { Clock } from './clock.ts';
import type { Counts, Load } from './load.ts';

/** What the bytes of every simulated image digest to. */
export const digests = { sha512: '00'.repeat(64) } as const;

/** States of the digests are saved every so often, see verify-object.ts. */
const saveEvery = 256 * MiB;
/** Parts are stored one by one, or, where they are small, a second's worth of them between two looks at the clock. */
const turnS = 1;
/** Whether the time of a run that reads an object has ended. */
const lookAgainS = 30;

export interface CopiedRange {
  readonly size: number;
  readonly from: number;
  readonly to: number;
  readonly partSize?: number | undefined;
}

const partOf = (number: number, size: number): StoredPart => ({
  number,
  etag: '"0123456789abcdef0123456789abcdef"',
  size,
  checksum: 'AAAAAQ==',
});

export interface BytesOptions {
  readonly clock: Clock;
  readonly load: Load;
  readonly counts: Counts;
  readonly assumed: Assumptions;
  /** The first bytes of a copy move. */
  readonly begun: (run: CopyRun) => void;
}

/** The bytes themselves: they take time and requests, and are nowhere. */
export const createBytes = ({ clock, load, counts, assumed, begun }: BytesOptions) => {
  const copyRate = Math.min(assumed.sourceRate, assumed.functionRate);
  const uploadRate = Math.min(assumed.glanceRate, assumed.functionRate);

  /** An object's bytes, and the requests for them. */
  const readObject = async (bytes: number, rate: number, signal: AbortSignal): Promise<void> => {
    for (let left = bytes; left > 0; left -= rate * lookAgainS) {
      const now = Math.min(left, rate * lookAgainS);
      load.s3Reads.spread(now / relayBlockSize, now / rate);
      await clock.sleep(now / rate);
      signal.throwIfAborted();
    }
  };

  return {
    /** Source to parts. What is on its way when the time ends is lost. */
    copy: async (services: CopyServices, run: CopyRun, range: CopiedRange, progress: Progress) => {
      begun(run);
      const partSize = range.partSize ?? planPartsOf(range.size, services).partSize;
      const partsAtATurn = Math.max(1, Math.floor((turnS * copyRate) / partSize));
      try {
        for (let byte = range.from; byte < range.to; ) {
          const end = Math.min(range.to, byte + partsAtATurn * partSize);
          counts.partsSent += Math.ceil((end - byte) / partSize);
          load.source.add(end - byte);
          await clock.sleep((end - byte) / copyRate);
          run.signal.throwIfAborted();
          for (; byte < end; byte = Math.min(end, byte + partSize)) {
            load.s3Writes.add(1);
            await run.savePart(partOf(Math.floor(byte / partSize) + 1, Math.min(partSize, end - byte)));
          }
          progress.report(byte);
        }
      } finally {
        await progress.stop();
      }
    },
    /** Reads an object to prove it. */
    verify: async (run: CopyRun, size: number): Promise<void> => {
      for (let offset = run.subject.verification?.offset ?? 0; offset < size; ) {
        const end = Math.min(size, offset + saveEvery);
        await readObject(end - offset, assumed.functionRate, run.signal);
        offset = end;
        await run.change({ verification: { offset, states: { sha512: 'x'.repeat(284) } } });
      }
    },
    /** Object to Glance. */
    upload: async (size: number, signal: AbortSignal): Promise<void> => {
      if (size / uploadRate > assumed.runS) counts.tooLargeForUpload += 1;
      await readObject(size, uploadRate, signal);
    },
  };
};

export type Bytes = ReturnType<typeof createBytes>;

/** Services of a copy whose bytes are simulated. */
export interface Simulated {
  readonly bytes: Bytes;
}

export const bytesOf = (services: CopyServices): Bytes => (services as CopyServices & Simulated).bytes;
