import { setTimeout as delay } from 'node:timers/promises';
import { hasCode } from '../../lib/errors.ts';
import type { ImageId } from '../../lib/schemas/ids.ts';
import type { Update } from '../progress/board.ts';
import type { FerryRegion, FerryTask } from './ferry-client.ts';

interface FollowOptions {
  readonly signal: AbortSignal;
  /** Of the source, bytes. */
  readonly size?: number;
  show(update: Update): void;
}

const MiB = 1024 ** 2;
/** Between looks, ms: a small image is there soon. */
const [firstPauseMs, longestPauseMs] = [200, 1000];
/** For which a deployment may not answer while somebody waits, ms. */
const silentMs = 15 * 60_000;

/**
 * What the message of a task that runs says, see lib/copies/record/progress-message.ts. It says nothing any more while the
 * target is given its data.
 * @param wasCopying what it has said before
 */
export const updateOf = (
  { status, message }: FerryTask,
  size: number | undefined,
  wasCopying: boolean,
): Update => {
  if (status === 'pending') return { state: 'queued' };
  const [, what, done, all] = /^(Copied|Verified) (\d+) MiB(?: of (\d+) MiB)?/.exec(message) ?? [];
  if (done === undefined) return wasCopying ? activating(size) : { state: 'running' };
  const total = size ?? (all === undefined ? undefined : Number(all) * MiB);
  // Whole MiB are told, and the last one may be some bytes.
  const isWhole = all !== undefined && done === all;
  const doneBytes = isWhole && total !== undefined ? total : Number(done) * MiB;
  const amounts = { doneBytes, ...(total !== undefined && { totalBytes: total }) };
  if (what === 'Verified') return { state: 'verifying', ...amounts };
  return { state: isWhole ? 'activating' : 'copying', ...amounts };
};

const activating = (size: number | undefined): Update => ({
  state: 'activating',
  ...(size !== undefined && { doneBytes: size, totalBytes: size }),
});

export const isRunning = ({ status }: FerryTask): boolean => status === 'pending' || status === 'processing';

/**
 * Waits for the end of an image's last import, however long that takes: the deployment itself ends one that makes no
 * progress any more. A deployment that does not answer is waited for as well, for a quarter of an hour.
 * @returns undefined where there is none
 */
export const followImport = async (
  ferry: FerryRegion,
  imageId: ImageId,
  { signal, size, show }: FollowOptions,
): Promise<FerryTask | undefined> => {
  let heardMs = Date.now();
  let isCopying = false;
  let pauseMs = firstPauseMs;
  for (;;) {
    try {
      const task = (await ferry.tasks(imageId, { signal })).at(-1);
      heardMs = Date.now();
      if (!task || !isRunning(task)) return task;
      const update = updateOf(task, size, isCopying);
      isCopying ||= update.doneBytes !== undefined;
      show(update);
    } catch (error) {
      signal.throwIfAborted();
      if (!hasCode(error, 'unavailable') || Date.now() - heardMs > silentMs) throw error;
      show({ state: 'deployment silent' });
    }
    await delay(pauseMs, undefined, { signal });
    pauseMs = Math.min(longestPauseMs, pauseMs * 1.5);
  }
};
