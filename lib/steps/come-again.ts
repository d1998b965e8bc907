import type { FerryError } from '../errors.ts';
import { type Delivery, longestDelayS } from '../state/messages.ts';

/** Seconds until another try: growing, and as long as who refused has asked for. @param retryDelayS after the first one */
export const nextTryS = (
  retryDelayS: number,
  { receiveCount }: Pick<Delivery, 'receiveCount'>,
  { retryAfterMs = 0 }: FerryError,
): number =>
  Math.min(longestDelayS, Math.max(retryDelayS * 2 ** (receiveCount - 1), Math.ceil(retryAfterMs / 1000)));
