import { asFerryError, type FerryError, hasCode } from '../errors.ts';
import { log } from '../log.ts';
import { type AttemptId, newAttemptId } from '../schemas/ids.ts';
import type { Send, StepMessage, StepName } from '../state/messages.ts';
import type { Seat } from '../state/seats.ts';
import { carryOut, comeAgain, type Pace, whenOtherEnds } from './carry-out.ts';
import { heartbeatsHidden, startHeartbeat } from './heartbeat.ts';
import { again, type CopyInHand, type Outcome } from './outcome.ts';
import type { Received } from './received.ts';
import type { Seats } from './seats.ts';
import type { Step, StepRun } from './step.ts';

export interface StepServices extends Pace {
  /** The step's own name: its messages come again under it. */
  readonly name: StepName;
  readonly send: Send;
  /** What projects share; without them nobody waits for its turn. */
  readonly seats?: Seats;
}

/** What a run holds while it is at work. */
interface Held<Ref extends object, Subject> {
  readonly ref: Ref;
  readonly attempt: AttemptId;
  /** When its lease was asked for, by performance.now(). */
  readonly sinceMs: number;
  readonly subject: Subject;
  readonly seat?: Seat | undefined;
}

/** Runs the step as long as its attempt is alive. */
const work = async <Ref extends object, Subject, Message extends StepMessage>(
  services: StepServices,
  step: Step<Ref, Subject, Message>,
  { ref, attempt, sinceMs, subject, seat }: Held<Ref, Subject>,
  { message, delivery, deadline }: Received<Message>,
): Promise<Outcome> => {
  const { heartbeatS, seats } = services;
  const heartbeat = startHeartbeat({
    heartbeatS,
    leaseMs: step.leases.leaseMs,
    leaseSinceMs: sinceMs,
    names: { ...ref },
    renewLease: () => step.leases.renew(ref, attempt),
    // Neither waits for the other: SQS hides a message for twelve hours at most, a step may keep its seat for longer.
    keep: () =>
      Promise.all([delivery.hideFor(heartbeatsHidden * heartbeatS), seat && seats?.keep(seat, attempt)]),
    look: async (signal) => step.look?.(subject, ref, { signal }),
  });
  try {
    const signal = AbortSignal.any([deadline.signal, heartbeat.signal]);
    const { receiveCount } = delivery;
    const run: StepRun<Ref, Subject> = {
      ...{ ref, subject, attempt, receiveCount, signal, deadline },
      log: step.logOf(subject),
    };
    return await step.run(run, message);
  } finally {
    heartbeat.stop();
    if (seat) await seats?.leave(seat, attempt);
  }
};

/** What becomes of a message whose step has failed. @returns the error where the message is to stay in its queue */
const settle = async <Ref extends object, Subject, Message extends StepMessage>(
  services: StepServices,
  step: Step<Ref, Subject, Message>,
  { ref, attempt, subject }: Held<Ref, Subject>,
  { deadline }: Received<Message>,
  error: FerryError,
): Promise<Outcome | FerryError> => {
  step.logOf(subject).warn('step failed', { code: error.code, reason: error.explanation, error });
  // Another one may work for the same message, which SQS delivers at least once: a new one sees whether that gets to its end.
  if (hasCode(error, 'claim-lost') || !(await step.leases.renew(ref, attempt)))
    return whenOtherEnds(services);
  // Glance needs a moment to see that an upload was broken off.
  if (deadline.isStopping()) return again(services.retryDelayS);
  const failed = error.retryable ? 'retry' : step.failed({ ref, attempt, subject }, error);
  if (failed !== 'retry') return await failed;
  await step.keepReason?.(subject, error);
  return error;
};

const runHeld = async <Ref extends object, Subject, Message extends StepMessage>(
  services: StepServices,
  step: Step<Ref, Subject, Message>,
  held: Held<Ref, Subject>,
  received: Received<Message>,
): Promise<CopyInHand | undefined> => {
  const outcome = await work(services, step, held, received).catch((error: unknown) =>
    settle(services, step, held, received, asFerryError(error)),
  );
  // Before the next step's message, which would find this attempt alive.
  await step.leases.pause(held.ref, held.attempt);
  if (outcome instanceof Error) return await comeAgain(services, received, outcome);
  return await carryOut(services, received, outcome).catch((error: unknown) =>
    comeAgain(services, received, error),
  );
};

/** Waits, of up to a minute each. */
const toldEvery = 16;

/** The attempt ends, its message comes again. It is not left to SQS, which would make a dead letter of who waits long. */
const waitForTurn = async <Ref extends object, Subject, Message extends StepMessage>(
  services: StepServices,
  step: Step<Ref, Subject, Message>,
  { ref, attempt, subject }: Held<Ref, Subject>,
  received: Received<Message>,
  askAgainInS: number,
): Promise<void> => {
  const waits = (received.message.waits ?? 0) + 1;
  step.logOf(subject).debug('waits for its turn', { waits });
  if (waits % toldEvery === 0) await step.stillWaits?.(subject);
  await step.leases.pause(ref, attempt);
  const sending = { to: services.name, message: { ...received.message, waits }, delayS: askAgainInS };
  await services.send(sending).catch((error: unknown) => comeAgain(services, received, error));
};

const attemptAt = async <Ref extends object, Subject, Message extends StepMessage>(
  services: StepServices,
  step: Step<Ref, Subject, Message>,
  { ref, attempt, sinceMs }: Pick<Held<Ref, Subject>, 'ref' | 'attempt' | 'sinceMs'>,
  received: Received<Message>,
): Promise<CopyInHand | undefined> => {
  const subject = await step.load(ref);
  if (subject === undefined) return void (await step.leases.pause(ref, attempt));
  const waiting = step.waitingOf?.(subject, ref);
  const seat = waiting && (await services.seats?.take(waiting, attempt, received.message.waits ?? 0));
  const held = { ref, attempt, sinceMs, subject };
  if (seat && 'askAgainInS' in seat)
    return void (await waitForTurn(services, step, held, received, seat.askAgainInS));
  return await runHeld(services, step, { ...held, seat }, received);
};

const begin = async <Ref extends object, Subject, Message extends StepMessage>(
  services: StepServices,
  step: Step<Ref, Subject, Message>,
  ref: Ref,
  { delivery }: Received<Message>,
) => {
  const attempt = newAttemptId();
  // First of all: a message whose step dies at its start would stay away for as long as its queue says.
  const hidden = delivery.hideFor(heartbeatsHidden * services.heartbeatS);
  await hidden.catch((error: unknown) =>
    log.warn('message not hidden', { about: ref, error: asFerryError(error) }),
  );
  const sinceMs = performance.now();
  const begun = await (step.begin ?? step.leases.begin)(ref, attempt);
  if (begun !== 'mine') log.info('nothing to do', { about: ref, state: begun });
  return { begun, attempt, sinceMs };
};

/**
 * Runs a step for one message: takes the attempt, keeps it alive, carries out what comes of it, and sorts what goes wrong.
 * A final error goes where the step says; a retryable one is thrown, so that the message comes again after a growing
 * delay, and in the end to fail-import by SQS's redrive. A message of something that has ended does nothing; one that
 * another attempt is at comes again later.
 * @returns the copy that the same invocation is to go on with, if there is one
 * @throws FerryError, retryable, when the message must stay in its queue
 */
export const runStep = async <Ref extends object, Subject, Message extends StepMessage>(
  services: StepServices,
  step: Step<Ref, Subject, Message>,
  received: Received<Message>,
): Promise<CopyInHand | undefined> => {
  const ref = step.refOf(received.message);
  const { begun, attempt, sinceMs } = await begin(services, step, ref, received);
  if (begun === 'mine') return await attemptAt(services, step, { ref, attempt, sinceMs }, received);
  if (begun === 'live') return await carryOut(services, received, whenOtherEnds(services));
  await step.lost?.(ref, { signal: received.deadline.signal });
  return undefined;
};

/**
 * Goes on with a copy in an invocation whose message was an import's. Where another attempt is at it, that one hands on
 * to all who wait; where that may have died, a message of the copy's own looks again.
 * @throws FerryError as runStep
 */
export const goOnWith = async <Ref extends object, Subject, Message extends StepMessage>(
  services: StepServices,
  step: Step<Ref, Subject, Message>,
  received: Received<Message>,
  { attempt, sinceMs = performance.now(), isAgain }: Omit<CopyInHand, 'message'>,
): Promise<void> => {
  const ref = step.refOf(received.message);
  const own = attempt ? { begun: 'mine', attempt, sinceMs } : await begin(services, step, ref, received);
  if (own.begun === 'mine') await attemptAt(services, step, { ...own, ref }, received);
  if (own.begun === 'live' && isAgain) await carryOut(services, received, whenOtherEnds(services));
};
