import { FerryError, hasCode } from '../../errors.ts';
import type { Copy, Hash, Transferred } from '../../state/copy.ts';
import { lengthsOf } from '../../transfer/algorithms.ts';
import { MiB } from '../../transfer/part-plan.ts';
import {
  createResumableDigest,
  createUnsavableDigest,
  isResumable,
  type ResumableDigest,
} from '../../transfer/resumable-digest.ts';
import type { CopyRun } from '../record/copy-run.ts';
import type { CopyServices } from '../record/services.ts';
import { targetAlgorithm } from '../record/source-hash.ts';
import { readRelayObject } from './relay-object.ts';

/** Bytes after which the states of the digests are saved: a crash costs no more than reading so many again. */
const saveEvery = 256 * MiB;

/** A digest, and the byte that it is at. */
interface Verifying {
  readonly offset: number;
  readonly digest: ResumableDigest;
}

/** Where a verification goes on, or begins: also when another version has left states that this one cannot read. */
const takeUp = async ({ verification }: Copy, hash: Hash | undefined): Promise<Verifying> => {
  const algorithms = [...(hash ? [hash.algorithm] : []), targetAlgorithm];
  if (!algorithms.every(isResumable))
    return { offset: 0, digest: createUnsavableDigest(algorithms, lengthsOf(hash ? [hash] : [])) };
  if (verification) {
    try {
      return {
        offset: verification.offset,
        digest: await createResumableDigest(algorithms, verification.states),
      };
    } catch {}
  }
  return { offset: 0, digest: await createResumableDigest(algorithms) };
};

/** Reads the object on from an offset; saves states every so often, and when the time ends. */
const digestObject = async (
  services: CopyServices,
  run: CopyRun,
  size: number,
  { offset: from, digest }: Verifying,
): Promise<void> => {
  const { subject, signal } = run;
  let offset = from;
  let saved = from;
  const save = async (): Promise<void> => {
    // A run that has read nothing has nothing to leave: it would pass for one that got further.
    if (offset === saved) return;
    saved = offset;
    const states = digest.save();
    if (states) await run.change({ verification: { offset, states } });
  };
  try {
    for await (const { bytes, release } of readRelayObject(services, subject, { size, from, signal })) {
      digest.update(bytes);
      release();
      offset += bytes.length;
      if (offset - saved >= saveEvery) await save();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    if (!hasCode(signal.reason, 'claim-lost')) await save();
    throw signal.reason;
  }
};

/**
 * Proves a finished object by reading it: what went into it in segments, or in several tries, no digest ran over. The
 * digests' states are saved as it goes, so that it may end anywhere and go on in another run, however large the object;
 * of a hash whose digest cannot be saved one run must do.
 * @param of.hash one that can be computed, see source-hash.ts
 * @param of.name the source's
 * @returns the digests: the source's algorithm, and sha512
 * @throws FerryError `data-mismatch` when the object is not what the source's record says
 */
export const verifyObject = async (
  services: CopyServices,
  run: CopyRun,
  { size, hash, name }: { readonly size: number; readonly hash: Hash | undefined; readonly name: string },
): Promise<Pick<Transferred, 'size' | 'digests'>> => {
  const verifying = await takeUp(run.subject, hash);
  run.log.info('verifying', { from: verifying.offset, bytes: size });
  if (verifying.offset < size) await digestObject(services, run, size, verifying);
  const digests = verifying.digest.values();
  if (!hash || digests[hash.algorithm] === hash.value) return { size, digests };
  const found = `${hash.algorithm} ${digests[hash.algorithm]}`;
  throw new FerryError(
    'data-mismatch',
    `Failed to copy ${name}: the finished object has ${found}, the source's record says ${hash.value}`,
  );
};
