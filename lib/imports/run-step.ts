import type { Logger } from '@aws-lambda-powertools/logger';
import type { Delivery, Outbox } from '../aws/queue.ts';
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
const longestDelayS = 900;

const delayS = (services: StepServices, { receiveCount }: Delivery): number =>
  Math.min(longestDelayS, services.retryDelayS * 2 ** (receiveCount - 1));

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
  if (hasCode(error, 'claim-lost') || !(await services.claims.renew(claim))) return;
  if (services.failQueue) await record(services, task, error);
  await services.claims.pause(claim);
  if (services.failQueue && !error.retryable) return await services.failQueue.send(received.message);
  await received.delivery.hideFor(delayS(services, received.delivery));
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
    const handOn = await step({ task, signal, log: logOf(task) });
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
 * fail-import by SQS's redrive. A message of an import that has ended does nothing.
 * @throws FerryError, retryable, when the message must stay in its queue
 */
export const runStep = async (services: StepServices, received: Received, step: Step): Promise<void> => {
  const { imageId, taskId } = received.message;
  const claim = { imageId, taskId, attempt: newAttemptId() };
  const state = await services.claims.begin(claim);
  if (state === 'mine') return await attempt(services, claim, received, step);
  log.info('nothing to do', { task_id: taskId, image_id: imageId, claim: state });
  if (state === 'lost') return;
  await received.delivery.hideFor(
    heartbeatsHidden * services.heartbeatS * 2 ** (received.delivery.receiveCount - 1),
  );
  throw new FerryError('busy', `Another attempt at task ${taskId} is at work`);
};
