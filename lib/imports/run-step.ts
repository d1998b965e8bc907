import type { Logger } from '@aws-lambda-powertools/logger';
import { type Delivery, longestDelayS, type Outbox } from '../aws/queue.ts';
import { asFerryError, FerryError, hasCode } from '../errors.ts';
import { log, logOf } from '../log.ts';
import { newAttemptId } from '../schemas/ids.ts';
import type { Claims } from './claims.ts';
import type { ImportMessage } from './messages.ts';
import { type ClaimKey, hasEnded, type Task } from './task.ts';
import type { Tasks } from './tasks.ts';

export interface StepServices {
  readonly tasks: Tasks;
  readonly claims: Claims;
  /** The step's own queue, for messages that are to come again as if they were new. */
  readonly ownQueue: Outbox<ImportMessage>;
  /** Where final errors go. Without it, as in fail-import itself, every error is tried again. */
  readonly failQueue?: Outbox<ImportMessage>;
  /** Seconds between heartbeats; a message is hidden for three of them at a time. */
  readonly heartbeatS: number;
  /** Seconds before a second try, doubled at each further one. */
  readonly retryDelayS: number;
}

/** One try at one step of one import. */
export interface StepRun {
  readonly task: Task;
  /** This attempt, and the segment that it is at, if it is at one. */
  readonly claim: ClaimKey;
  /**
   * Tells how much of the work is done already when a run begins, in any unit that only grows.
   * @throws FerryError `progressed` when the message has come so often that it would soon be a dead letter, though
   *   each run got further: it is sent anew, and the count begins again
   */
  begin(stored: number): Promise<void>;
  /** Ends at the deadline, and when the claim goes to another attempt. */
  readonly signal: AbortSignal;
  /** Names the import in every line. */
  readonly log: Logger;
}

export interface Received {
  readonly message: ImportMessage;
  readonly delivery: Delivery;
  /** Ends a reserve before the function's own end, with an `out-of-time` error as its reason. */
  readonly deadline: AbortSignal;
}

/** Visibility of a message whose step is at work, in heartbeats: a crash is noticed after so many. */
export const heartbeatsHidden = 3;
/** Receipts after which a message that gets further is sent anew: two less than serverless.yml's maxReceiveCount. */
const oftenReceived = 3;

/** Growing, and as long as who refused has asked for. */
const delayS = (services: StepServices, { receiveCount }: Delivery, { retryAfterMs = 0 }: FerryError) =>
  Math.min(
    longestDelayS,
    Math.max(services.retryDelayS * 2 ** (receiveCount - 1), Math.ceil(retryAfterMs / 1000)),
  );

const claimLost = (): FerryError => new FerryError('claim-lost', 'The import belongs to another attempt');

/** Keeps claim and message while the step works; `lost` aborts it when the claim is gone. */
const startHeartbeat = (
  services: StepServices,
  claim: ClaimKey,
  delivery: Delivery,
  lost: AbortController,
) => {
  const beat = async (): Promise<void> => {
    try {
      // The lease first: it must end before the message can come again.
      if (!(await services.claims.renew(claim))) return lost.abort(claimLost());
      await delivery.hideFor(heartbeatsHidden * services.heartbeatS);
    } catch (error) {
      log.warn('heartbeat failed', { task_id: claim.taskId, error: asFerryError(error) });
    }
  };
  const first = beat();
  let last = first;
  const next = () => {
    last = last.then(beat);
  };
  const timer = setInterval(next, services.heartbeatS * 1000);
  /** No beat is on its way afterwards: it would bring a claim that was given up back to life. */
  const stop = (): Promise<void> => {
    clearInterval(timer);
    return last;
  };
  return { first, stop };
};

const requireFewTries = async (
  { claims }: StepServices,
  claim: ClaimKey,
  { receiveCount }: Delivery,
  stored: number,
): Promise<void> => {
  const isFurther = await claims.advance(claim, stored);
  if (receiveCount < oftenReceived || !isFurther) return;
  throw new FerryError('progressed', `Message ${receiveCount} times received, and each time more was stored`);
};

const record = (services: StepServices, task: Task, error: FerryError): Promise<void> =>
  services.tasks.update(task, { failure: error.explanation });

const settle = async (
  services: StepServices,
  claim: ClaimKey,
  received: Received,
  task: Task,
  thrown: unknown,
) => {
  const error = asFerryError(thrown);
  logOf(task).warn('step failed', { code: error.code, error });
  // A segment whose import is ended by fail-import, which waits for the lease.
  if (hasCode(error, 'claim-lost')) return await services.claims.pause(claim);
  if (!(await services.claims.renew(claim))) return;
  if (hasCode(error, 'progressed', 'stopped')) {
    await services.claims.pause(claim);
    // After a stop Glance needs a moment to see that an upload was broken off.
    const delayS = error.code === 'stopped' ? services.retryDelayS : 0;
    return await services.ownQueue.send(received.message, { delayS });
  }
  if (services.failQueue) await record(services, task, error);
  await services.claims.pause(claim);
  if (services.failQueue && !error.retryable) {
    const { imageId, taskId } = received.message;
    return await services.failQueue.send({ imageId, taskId });
  }
  await received.delivery.hideFor(delayS(services, received.delivery, error));
  throw error;
};

const attempt = async (
  services: StepServices,
  claim: ClaimKey,
  received: Received,
  step: Step,
): Promise<void> => {
  const task = await services.tasks.get({ imageId: claim.imageId, id: claim.taskId });
  if (!task || hasEnded(task)) return await services.claims.release(claim.imageId, claim.taskId);
  const lost = new AbortController();
  const heartbeat = startHeartbeat(services, claim, received.delivery, lost);
  try {
    await heartbeat.first;
    const signal = AbortSignal.any([received.deadline, lost.signal]);
    const begin = (stored: number) => requireFewTries(services, claim, received.delivery, stored);
    const handOn = await step({ task, claim, begin, signal, log: logOf(task) });
    await heartbeat.stop();
    // Before the next step's message, which would find this attempt alive.
    await services.claims.pause(claim);
    await handOn?.();
  } catch (error) {
    await heartbeat.stop();
    await settle(services, claim, received, task, error);
  }
};

/** @returns what sends the message of the next step, if there is one */
export type Step = (run: StepRun) => Promise<(() => Promise<void>) | undefined>;

/**
 * Runs a step for one message: takes the attempt, keeps it alive, and sorts what goes wrong. A final error goes to
 * fail-import; a retryable one is thrown, so that the message comes again after a growing delay, and in the end to
 * fail-import by SQS's redrive. A message of an import that has ended does nothing; one whose import another attempt
 * is at comes again later.
 * @throws FerryError, retryable, when the message must stay in its queue
 */
export const runStep = async (services: StepServices, received: Received, step: Step): Promise<void> => {
  const { imageId, taskId, segment } = received.message;
  // A dead letter may be of a segment; what fails is the import.
  const part = segment !== undefined && services.failQueue ? { segment } : {};
  const claim: ClaimKey = { imageId, taskId, attempt: newAttemptId(), ...part };
  const state = await services.claims.begin(claim);
  if (state === 'mine') return await attempt(services, claim, received, step);
  log.info('nothing to do', { task_id: taskId, image_id: imageId, claim: state });
  // Not left to SQS, which would count: another attempt may work for hours, and this one must not be a dead letter.
  if (state === 'live') {
    const delayS = heartbeatsHidden * services.heartbeatS;
    await services.ownQueue.send(received.message, { delayS });
  }
};
