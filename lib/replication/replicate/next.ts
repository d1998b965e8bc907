import type { ImageId } from '../../schemas/ids.ts';
import type { ReplicateMessage } from '../../state/messages.ts';
import { patienceMs } from '../record/patience.ts';

/** What comes of one look at a replica. */
export type Next =
  /** It is there, as it is to be. */
  | { readonly next: 'done'; readonly reason: string; readonly imageId?: ImageId }
  /** It is not to be made here, which is no fault: not selected, an older one of its name, … */
  | { readonly next: 'left'; readonly reason: string }
  /** It never will be, unless somebody asks again. */
  | {
      readonly next: 'failed';
      readonly reason: string;
      /** Asking again is of no use before a person has looked: a right, a name that is taken, somebody who never ends. */
      readonly isForPerson?: true;
    }
  /** Somebody else is at work: it is looked at again. */
  | {
      readonly next: 'again';
      readonly message: ReplicateMessage;
      readonly delayS: number;
      readonly reason: string;
    };

/** @param imageId the replica */
export const done = (reason: string, imageId?: ImageId): Next => ({
  next: 'done',
  reason,
  ...(imageId && { imageId }),
});

export const left = (reason: string): Next => ({ next: 'left', reason });

export const failed = (reason: string): Next => ({ next: 'failed', reason });

export const forPerson = (reason: string): Extract<Next, { readonly next: 'failed' }> => ({
  ...{ next: 'failed', reason, isForPerson: true },
});

const [shortestS, longestS] = [2, 30];

/** Seconds: a small image is there soon, a large one need not be asked for all the time. */
const delayAfter = (looks: number): number => Math.min(longestS, Math.round(shortestS * 1.5 ** looks));

/** Looked at again, for as long as it takes: an import that runs comes to its end by itself. */
export const again = (
  { replica, looks = 0, taskId }: ReplicateMessage,
  reason: string,
  forImport = taskId,
): Next => {
  // A new import is begun with short waits.
  const before = forImport === taskId ? looks : 0;
  const message = { replica, looks: before + 1, ...(forImport && { taskId: forImport }) };
  return { next: 'again', message, delayS: delayAfter(before), reason };
};

/** @returns undefined when that has been waited for too long */
export const patiently = (
  message: ReplicateMessage,
  reason: string,
  nowMs: number,
): Extract<Next, { readonly next: 'again' }> | undefined => {
  const { waitsSinceMs = nowMs, looks = 0 } = message;
  if (nowMs - waitsSinceMs > patienceMs) return undefined;
  const later = { ...message, looks: looks + 1, waitsSinceMs };
  return { next: 'again', message: later, delayS: delayAfter(looks), reason };
};

/** For a while; then a person has to look at it. */
export const waitFor = (message: ReplicateMessage, reason: string): Next =>
  patiently(message, reason, Date.now()) ?? forPerson(`${reason}, for too long`);
