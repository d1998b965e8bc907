import { type Delivery, longestDelayS } from '../aws/queue.ts';
import { asFerryError, type FerryError } from '../errors.ts';

export interface Patience {
  /** Seconds before a second try, doubled at each further one. */
  readonly retryDelayS: number;
}

/** Growing, and as long as who refused has asked for. */
const delayS = (
  { retryDelayS }: Patience,
  { receiveCount }: Delivery,
  { retryAfterMs = 0 }: FerryError,
): number =>
  Math.min(longestDelayS, Math.max(retryDelayS * 2 ** (receiveCount - 1), Math.ceil(retryAfterMs / 1000)));

/** After a delay that grows. @throws the error, which keeps the message in its queue */
export const comeAgain = async (
  patience: Patience,
  { delivery }: { readonly delivery: Delivery },
  thrown: unknown,
): Promise<never> => {
  const error = asFerryError(thrown);
  await delivery.hideFor(delayS(patience, delivery, error));
  throw error;
};
