import { FerryError, hasCode } from '../../errors.ts';
import type { CopyRun } from '../record/copy-run.ts';
import { copyProgress } from '../record/progress-message.ts';

/** The end of a run that has got nowhere: another one would not either. */
const outOfTime = ({ subject }: CopyRun, seconds: number): FerryError =>
  new FerryError(
    'out-of-time',
    `Failed to copy ${subject.name}: ${seconds} s, a whole run of the function, brought nothing that was not stored ` +
      `before (${copyProgress(subject)}). The image needs a longer timeout of the stream function, a ` +
      'source that has ranges or sends faster, or the worker (docs/worker.md), which has no limit on time',
  );

/**
 * Runs a piece of work until it is done, or the function's time ends: then it goes on in another run, if this one has
 * stored anything. It always goes on where its worker is told to stop.
 * @throws FerryError `out-of-time` if not
 */
export const untilTimeEnds = async <T>(run: CopyRun, work: () => Promise<T>): Promise<T | 'goes on'> => {
  const startedMs = Date.now();
  try {
    return await work();
  } catch (thrown) {
    if (run.deadline.isStopping()) return 'goes on';
    const error = run.signal.aborted ? run.signal.reason : thrown;
    if (!hasCode(error, 'out-of-time')) throw error;
    const seconds = Math.round((Date.now() - startedMs) / 1000);
    if (!run.hasGotFurther()) throw outOfTime(run, seconds);
    run.log.info('goes on in another run', { seconds });
    return 'goes on';
  }
};
