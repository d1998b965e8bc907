import type { Copy, Hash, Transferred } from '../../state/copy.ts';
import { isKnownAlgorithm, lengthsOf } from '../../transfer/algorithms.ts';
import type { CopyRun } from '../record/copy-run.ts';
import type { CopyServices } from '../record/services.ts';
import { hashToRead, strongestHash, targetAlgorithm } from '../record/source-hash.ts';
import { verifyObject } from './verify-object.ts';

/** What a finished copy left: an object of this size, and its digests if it was read in one go. */
export interface CopiedObject {
  /** Bytes. */
  readonly size: number;
  /** Hex by hashlib name, held against the source's; none of a copy that went on where an earlier one had ended. */
  readonly digests: Readonly<Record<string, string>>;
}

/** What is known of an object that was held against this hash of its source, or against none. */
const proven = ({ size, digests }: CopiedObject, hash: Hash | undefined, source: Copy): Transferred => {
  const provenBy = hash?.algorithm ?? (source.size === undefined ? undefined : 'size');
  // What can be computed again from its name alone; sha512 has taken the place of the others.
  const isLasting = (algorithm: string): boolean =>
    isKnownAlgorithm(algorithm) && !(hash && Object.hasOwn(lengthsOf([hash]), algorithm));
  const lasting = Object.entries(digests).filter(([algorithm]) => isLasting(algorithm));
  return { size, digests: Object.fromEntries(lasting), ...(provenBy && { provenBy }) };
};

/**
 * The object with its proof: from the digests that ran over the copy, where the source's strongest was among them, or
 * by reading it. The source is not asked: it may be gone by now.
 * @throws FerryError `data-mismatch` when the object is not what the source's record says
 */
export const prove = async (
  services: CopyServices,
  run: CopyRun,
  copied: CopiedObject,
): Promise<Transferred> => {
  const { subject } = run;
  const { size, digests } = copied;
  const strongest = strongestHash(subject);
  if (Object.hasOwn(digests, strongest?.algorithm ?? targetAlgorithm))
    return proven(copied, strongest, subject);
  if (!subject.stored) await run.change({ stored: { size } });
  const hash = hashToRead(subject);
  return proven(await verifyObject(services, run, { size, hash, name: subject.name }), hash, subject);
};
