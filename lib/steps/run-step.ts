import type { Logger } from '@aws-lambda-powertools/logger';
import type { Delivery, Outbox } from '../aws/queue.ts';
import { asFerryError, errorRules, hasCode } from '../errors.ts';
import { log, logOf } from '../log.ts';
import { newAttemptId } from '../schemas/ids.ts';
import type { Claims } from '../imports/record/claims.ts';
import { comeAgain } from './come-again.ts';
import { requireFewTries } from './few-tries.ts';
import { heartbeatsHidden, startHeartbeat } from './heartbeat.ts';
import type { ImportMessage } from './messages.ts';
import type { Seats, TakenSeat } from './seats.ts';
import { type ClaimKey, hasEnded, type Task } from '../imports/record/task.ts';
import type { Tasks } from '../imports/record/tasks.ts';
import { waitForSeat } from './wait-for-seat.ts';

export interface StepServices {
  readonly tasks: Tasks;
  readonly claims: Claims;
  /** The step's own queue, for messages that are to come again as if they were new. */
  readonly ownQueue: Outbox<ImportMessage>;
  /** What projects share. Without them, as in fail-import, nobody waits for its turn. */
  readonly seats?: Seats;
  /** Where final errors go. Without it, as in fail-import itself, every error is tried again. */
  readonly failQueue?: Outbox<ImportMessage>;
  /** Looks at each heartbeat whether the target still wants what the step works for. @throws FerryError, final, if not */
  readonly lookAtTarget?: (task: Task, options: { readonly signal: AbortSignal }) => Promise<void>;
  /** Of fail-import: ends an import whose image belongs to another one, or to none. */
  readonly endLost?: (run: Pick<StepRun, 'task' | 'signal' | 'log'>) => Promise<void>;
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
  /** How often the message has come, 1 at the first time. */
  readonly receiveCount: number;
  /**
   * Tells how much of the work is done already when a run begins, in any unit that only grows.
   * @throws FerryError `progressed` when the message has come so often that it would soon be a dead letter, though
   *   each run got further: it is sent anew, and the count begins again
   */
  begin(stored: number): Promise<void>;
  /** Ends at the deadline, and when the claim goes to another attempt or the target is gone. */
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

/** Not left to SQS, which would count: another attempt may work for hours, and this one must not be a dead letter. */
const sendAnew = ({ ownQueue, heartbeatS }: StepServices, { message }: Received): Promise<void> =>
  ownQueue.send(message, { delayS: heartbeatsHidden * heartbeatS });

/**
 * The claim is another attempt's, or has ended. That one may work for the same message, which SQS delivers at least once:
 * it is deleted when this run returns, so a new one sees whether the other one got to its end.
 */
const leaveToOther = async (services: StepServices, claim: ClaimKey, received: Received): Promise<void> => {
  // A segment's lease, which fail-import waits for.
  await services.claims.pause(claim);
  await sendAnew(services, received);
};

/** What becomes of a message whose step has failed. @throws the error when the message is to stay in its queue */
const settle = async (
  services: StepServices,
  claim: ClaimKey,
  received: Received,
  task: Task,
  thrown: unknown,
): Promise<void> => {
  const error = asFerryError(thrown);
  logOf(task).warn('step failed', { code: error.code, reason: error.explanation, error });
  if (hasCode(error, 'claim-lost') || !(await services.claims.renew(claim)))
    return await leaveToOther(services, claim, received);
  if (hasCode(error, 'progressed', 'stopped')) {
    await services.claims.pause(claim);
    // After a stop Glance needs a moment to see that an upload was broken off.
    const delayS = error.code === 'stopped' ? services.retryDelayS : 0;
    return await services.ownQueue.send(received.message, { delayS });
  }
  if (services.failQueue) await services.tasks.fail(task, error);
  await services.claims.pause(claim);
  if (services.failQueue && !error.retryable) {
    const { imageId, taskId } = received.message;
    return await services.failQueue.send({ imageId, taskId });
  }
  return await comeAgain(services, received, error);
};

/** @returns what sends the message of the next step, if there is one */
export type Step = (run: StepRun) => Promise<(() => Promise<void>) | undefined>;

/** An import that has failed for good stays so, also where the attempt that said it died with its message not deleted. */
const isFailed = async (
  { claims, failQueue }: StepServices,
  claim: ClaimKey,
  { imageId, id, failureCode }: Task,
): Promise<boolean> => {
  if (!failQueue || failureCode === undefined || errorRules[failureCode].retryable) return false;
  await claims.pause(claim);
  await failQueue.send({ imageId, taskId: id });
  return true;
};

/** Runs the step as long as its attempt is alive. */
const work = async (
  services: StepServices,
  {
    task,
    claim,
    seat,
  }: { readonly task: Task; readonly claim: ClaimKey; readonly seat?: TakenSeat | undefined },
  { delivery, deadline }: Received,
  step: Step,
): Promise<Awaited<ReturnType<Step>>> => {
  const { claims, heartbeatS, seats } = services;
  const look = async (signal: AbortSignal) => services.lookAtTarget?.(task, { signal });
  const keep = async () => seat && (await seats?.keep(seat));
  const heartbeat = startHeartbeat({ claims, claim, delivery, heartbeatS, look, keep });
  try {
    const signal = AbortSignal.any([deadline, heartbeat.signal]);
    const begin = (stored: number) => requireFewTries(claims, claim, delivery, stored);
    const { receiveCount } = delivery;
    return await step({ task, claim, receiveCount, begin, signal, log: logOf(task) });
  } finally {
    heartbeat.stop();
    if (seat) await seats?.leave(seat);
  }
};

const attempt = async (
  services: StepServices,
  claim: ClaimKey,
  received: Received,
  step: Step,
): Promise<void> => {
  const { claims, tasks, seats } = services;
  const task = await tasks.get({ imageId: claim.imageId, id: claim.taskId });
  if (!task || hasEnded(task)) return await claims.release(claim.imageId, claim.taskId);
  if (await isFailed(services, claim, task)) return;
  const seat = await seats?.take(task, claim, received.message.waits ?? 0);
  const again = (error: unknown) => comeAgain(services, received, error);
  if (seat && 'askAgainInS' in seat)
    return await waitForSeat(services, claim, received.message, seat).catch(again);
  let handOn: Awaited<ReturnType<Step>>;
  try {
    handOn = await work(services, { task, claim, seat }, received, step);
  } catch (error) {
    return await settle(services, claim, received, task, error);
  }
  // Before the next step's message, which would find this attempt alive.
  await claims.pause(claim);
  await handOn?.().catch(again);
};

/** An import without a claim: nothing to do, but for who ends it. */
const lost = async (services: StepServices, { message, deadline }: Received): Promise<void> => {
  const { imageId, taskId: id } = message;
  const task = services.endLost && (await services.tasks.get({ imageId, id }));
  if (task && !hasEnded(task)) await services.endLost?.({ task, signal: deadline, log: logOf(task) });
};

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
  const part = services.failQueue ? segment !== undefined && { segment } : { mayEnd: true };
  const claim: ClaimKey = { imageId, taskId, attempt: newAttemptId(), ...part };
  // First of all: a message whose step dies at its start would stay away for as long as its queue says.
  const hidden = received.delivery.hideFor(heartbeatsHidden * services.heartbeatS);
  await hidden.catch((error: unknown) =>
    log.warn('message not hidden', { task_id: taskId, error: asFerryError(error) }),
  );
  const state = await services.claims.begin(claim);
  if (state === 'mine') return await attempt(services, claim, received, step);
  log.info('nothing to do', { task_id: taskId, image_id: imageId, claim: state });
  if (state === 'lost') return await lost(services, received);
  await sendAnew(services, received);
};
