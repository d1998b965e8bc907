import { asFerryError, type FerryError } from '../errors.ts';
import { type Delivery, longestDelayS, type Send, type StepName } from '../state/messages.ts';
import { heartbeatsHidden } from './heartbeat.ts';
import { again, type CopyInHand, type Outcome } from './outcome.ts';
import type { Received } from './received.ts';

export interface Pace {
  /** Seconds between heartbeats; a message is hidden for three of them at a time. */
  readonly heartbeatS: number;
  /** Seconds before a second try, doubled at each further one. */
  readonly retryDelayS: number;
}

/** Seconds until another try: growing, and as long as who refused has asked for. @param retryDelayS after the first one */
export const nextTryS = (
  retryDelayS: number,
  { receiveCount }: Pick<Delivery, 'receiveCount'>,
  { retryAfterMs = 0 }: FerryError,
): number =>
  Math.min(longestDelayS, Math.max(retryDelayS * 2 ** (receiveCount - 1), Math.ceil(retryAfterMs / 1000)));

/** Not left to SQS, which would count: another attempt may work for hours, and this one must not be a dead letter. */
export const whenOtherEnds = ({ heartbeatS }: Pace): Outcome => again(heartbeatsHidden * heartbeatS);

/** The message stays in its queue, and comes again after a delay that grows. @throws the error */
export const comeAgain = async (
  { retryDelayS }: Pace,
  { delivery }: Pick<Received, 'delivery'>,
  thrown: unknown,
): Promise<never> => {
  const error = asFerryError(thrown);
  await delivery.hideFor(nextTryS(retryDelayS, delivery, error));
  throw error;
};

/** @returns the copy that the same invocation is to go on with, if there is one */
export const carryOut = async (
  { send, name }: { readonly send: Send; readonly name: StepName },
  { message }: Received,
  outcome: Outcome,
): Promise<CopyInHand | undefined> => {
  if (outcome.next === 'copy') return outcome.inHand;
  if (outcome.next === 'again') {
    const { waits: _, ...fresh } = message;
    await send({ to: name, message: fresh, delayS: outcome.delayS ?? 0 });
  }
  if (outcome.next === 'send') for (const sending of outcome.messages) await send(sending);
  return undefined;
};
