import { claimLost, FerryError, hasCode } from '../../errors.ts';
import type { Copy } from '../../state/copy.ts';
import { toCopy } from '../../state/messages.ts';
import { again, type Outcome, send } from '../../steps/outcome.ts';
import type { CopyRun } from '../record/copy-run.ts';
import type { CopyServices } from '../record/services.ts';
import { beginAnew } from './begin-anew.ts';
import { untilTimeEnds } from './until-time-ends.ts';

/** Uploads of one copy that its store may lose. */
const mostUploadsLost = 5;

/** @throws FerryError `misconfigured` for a store that has lost upload after upload: something removes them */
const requireStore = ({ name, uploadsLost = 0 }: Copy, cause: unknown): void => {
  if (uploadsLost < mostUploadsLost) return;
  throw new FerryError(
    'misconfigured',
    `Failed to copy ${name}: the relay bucket has lost its upload ${uploadsLost + 1} times (NoSuchUpload), so ` +
      'something removes uploads that are being written: a lifecycle rule, or somebody who clears up',
    { cause },
  );
};

/**
 * An upload that is gone begins the copy anew, by an attempt that is still at work: another one may have completed it.
 * @throws what is left
 */
const mend = async (services: CopyServices, run: CopyRun, error: unknown): Promise<Outcome> => {
  if (!hasCode(error, 'upload-gone')) throw error;
  requireStore(run.subject, error);
  if (!(await services.copies.renew(run.ref, run.attempt))) throw claimLost();
  await beginAnew(services, run);
  // After a while: whatever removes them may do so again.
  return send({ ...toCopy({ copyId: run.ref.copyId }), delayS: services.heartbeatS });
};

/**
 * Runs a piece of work. If the function's time ends, or the store has lost the upload, returns the Outcome that continues
 * it in another run.
 */
export const runResumably = async <T>(
  services: CopyServices,
  run: CopyRun,
  piece: () => Promise<T>,
): Promise<T | Outcome> => {
  const result = await untilTimeEnds(run, piece).catch((error: unknown) => mend(services, run, error));
  return result === 'goes on' ? again() : result;
};
