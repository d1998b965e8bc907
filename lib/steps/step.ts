import type { Logger } from '@aws-lambda-powertools/logger';
import type { FerryError } from '../errors.ts';
import type { AttemptId } from '../schemas/ids.ts';
import type { Begun, Leases } from '../state/leases.ts';
import type { StepMessage } from '../state/messages.ts';
import type { Waiting } from '../state/seats.ts';
import type { Deadline } from './deadline.ts';
import type { Outcome } from './outcome.ts';

/** One try at one step. */
export interface StepRun<Ref, Subject> {
  readonly ref: Ref;
  /** What the message is about, as it was kept when the run began. */
  readonly subject: Subject;
  readonly attempt: AttemptId;
  /** How often the message has come, 1 at the first time. */
  readonly receiveCount: number;
  /** Ends at the deadline, when the lease goes to another attempt, and when there is nothing to work for any more. */
  readonly signal: AbortSignal;
  readonly deadline: Deadline;
  /** Names the import or the copy in every line. */
  readonly log: Logger;
}

interface Options {
  readonly signal: AbortSignal;
}

/** A step: what it works at, and what is done about it. Steps, their files and their functions have one name. */
export interface Step<Ref, Subject, Message extends StepMessage = StepMessage> {
  readonly leases: Leases<Ref>;
  refOf(message: Message): Ref;
  /** `leases.begin`, unless the step may begin where others may not. */
  begin?(ref: Ref, attempt: AttemptId): Promise<Begun>;
  /** What the message is about; undefined when there is nothing to do for it any more. */
  load(ref: Ref): Promise<Subject | undefined>;
  /** Names for the log. */
  logOf(subject: Subject): Logger;
  /** What is asked for a seat; nobody waits for a turn when absent, and nothing that has no work left. */
  waitingOf?(subject: Subject, ref: Ref): Waiting | undefined;
  /** Told now and then, every quarter of an hour or so, while it waits for its turn. */
  stillWaits?(subject: Subject): Promise<void>;
  /**
   * Looks at each heartbeat whether somebody still wants what the step works for.
   * @throws FerryError `not-found` or `conflict` if not; heartbeat.ts ignores any other error, and needs the verdict
   * twice in a row
   */
  look?(subject: Subject, ref: Ref, options: Options): Promise<void>;
  run(run: StepRun<Ref, Subject>, message: Message): Promise<Outcome>;
  /** Keeps why a try has failed that may come again. */
  keepReason?(subject: Subject, error: FerryError): Promise<void>;
  /** What is to be done about an error that another try does not mend; `retry` where even that is tried again. */
  failed(
    run: Pick<StepRun<Ref, Subject>, 'ref' | 'subject' | 'attempt'>,
    error: FerryError,
  ): Promise<Outcome> | 'retry';
  /** For a message whose lease is lost; nothing, when absent. */
  lost?(ref: Ref, options: Options): Promise<void>;
}
