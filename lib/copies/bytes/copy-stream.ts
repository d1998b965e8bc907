import { isKnownAlgorithm } from '../../transfer/algorithms.ts';
import type { Copied } from '../../transfer/copy-parts.ts';
import { type PartPlan, resumeOffset } from '../../transfer/part-plan.ts';
import type { CopiedObject } from '../object/prove.ts';
import type { CopyRun } from '../record/copy-run.ts';
import { objectKey } from '../record/object-key.ts';
import type { CopyServices } from '../record/services.ts';
import { strongestHash } from '../record/source-hash.ts';
import { bytesOf } from '../record/stored-so-far.ts';
import { completeUpload } from './complete-upload.ts';
import { copyRange } from './copy-range.ts';
import { mismatch, requireIdentity, type Source } from './open-source.ts';
import { openUpload, type Upload } from './open-upload.ts';
import { planPartsOf } from './plan-parts.ts';
import { createProgress } from './progress.ts';

/** The byte to begin with: where the stored parts end, if the source's record vouches for the bytes before it. */
const beginAt = ({ stored }: Upload, { source: { size, isResumable } }: Source, plan: PartPlan): number => {
  if (!isResumable || size === undefined) return 0;
  return resumeOffset(new Map([...stored].map(([number, part]) => [number, part.size])), size, plan);
};

/**
 * The digest against the source's record; the reading has held the size against it. Where the source has no hash that
 * the object could be held against, its record must not have changed.
 */
const verify = async (run: CopyRun, { download, source }: Source, { digests }: Copied): Promise<void> => {
  const hash = strongestHash(source);
  const digest = hash && digests[hash.algorithm];
  if (hash && digest && digest !== hash.value) {
    const reason = `the bytes have ${hash.algorithm} ${digest}, the source's record says ${hash.value}`;
    throw mismatch(download, reason);
  }
  if (!hash) requireIdentity(download, await download.describe(run), source.identity);
};

/**
 * Copies a source in one ordered stream. Size and hash are proven before the object comes into being. After a break it
 * goes on where the stored parts end; a source without ranges is read and hashed from its first byte, but what is stored
 * is not sent again.
 * @throws FerryError `data-mismatch` when the bytes are not the source's; what source, store or stream throw
 */
export const copyStream = async (
  services: CopyServices,
  run: CopyRun,
  from: Source,
): Promise<CopiedObject> => {
  const { download, source } = from;
  // S3 has no multipart upload of nothing.
  if (source.size === 0) return { size: 0, digests: {} };
  const plan = planPartsOf(source.size, services);
  const upload = await openUpload(services, run);
  const { uploadId, stored } = upload;
  const progress = createProgress((copied) => run.change({ copied }), bytesOf(stored));
  const hash = strongestHash(source);
  run.log.info('copying', { source: download.name, bytes: source.size });
  const range = {
    ...{ download, uploadId, size: source.size, from: beginAt(upload, from, plan), stored },
    hashes: hash && isKnownAlgorithm(hash.algorithm) ? [hash] : [],
  };
  const copied = await copyRange(services, run, range, progress);
  await verify(run, from, copied);
  const { size, digests } = copied;
  // A source that does not say its size may be empty as well.
  if (size === 0) await services.relay.abortUpload(objectKey(run.subject), uploadId, run);
  else await completeUpload(services, run, { uploadId, ...copied });
  return { size, digests };
};
