import { beforeEach } from 'vitest';
import { createClaims } from '../../../lib/aws/state/claims.ts';
import { claimKey } from '../../../lib/aws/state/keys.ts';
import type { FerryError } from '../../../lib/errors.ts';
import { log } from '../../../lib/log.ts';
import { type AttemptId, newAttemptId } from '../../../lib/schemas/ids.ts';
import type { Claims } from '../../../lib/state/claims.ts';
import type { ImportMessage, Sending } from '../../../lib/state/messages.ts';
import { type ImportRef, importRef } from '../../../lib/state/refs.ts';
import type { Deadline } from '../../../lib/steps/deadline.ts';
import { type Outcome, send } from '../../../lib/steps/outcome.ts';
import type { Received } from '../../../lib/steps/received.ts';
import type { StepServices } from '../../../lib/steps/run-step.ts';
import type { Step, StepRun } from '../../../lib/steps/step.ts';
import { newImport } from '../../contract/state/fixtures.ts';
import { useLocalState } from '../local-state.ts';

export type TestStep = Step<ImportRef, ImportRef, ImportMessage>;
export type TestRun = StepRun<ImportRef, ImportRef>;
type Run = (run: TestRun, message: ImportMessage) => Promise<Outcome>;

/** A deadline that never comes, unless it is given. */
export const deadlineOf = (signal = new AbortController().signal, isStopping = false): Deadline => ({
  signal,
  isStopping: () => isStopping,
  close: () => undefined,
});

/** A step of a new import, on real claims, and all that its runs do to it. */
export class StepAtWork {
  readonly ref: ImportRef = newImport();
  readonly leases: Claims;
  readonly services: StepServices;
  /** Calls on leases, message and queues, in order. */
  readonly calls: string[] = [];
  /** Seconds that the message was hidden for, in order. */
  readonly hidden: number[] = [];
  readonly sent: Sending[] = [];
  /** Why tries have failed that come again. */
  readonly reasons: string[] = [];
  /** Why the step has failed for good. */
  readonly failures: FerryError[] = [];
  private readonly use: ReturnType<typeof useLocalState>;

  constructor(use: ReturnType<typeof useLocalState>) {
    this.use = use;
    this.leases = this.leasesOf(30_000);
    this.services = {
      name: 'stream-image',
      heartbeatS: 20,
      retryDelayS: 10,
      send: async (sending) => {
        this.calls.push(`send ${sending.to}`);
        this.sent.push(sending);
      },
    };
  }

  /** Leases of another length, whose calls are kept. */
  leasesOf(leaseMs: number): Claims {
    const claims = createClaims(this.use().table, { leaseMs });
    const told = <Name extends 'begin' | 'renew' | 'pause'>(name: Name): Claims[Name] =>
      (async (ref: ImportRef, attempt: AttemptId) => {
        this.calls.push(name);
        return await claims[name](ref, attempt);
      }) as Claims[Name];
    return { ...claims, begin: told('begin'), renew: told('renew'), pause: told('pause') };
  }

  /** A step that works so. Its final errors go to fail-import, as those of most steps do. */
  step(run: Run, more: Partial<TestStep> = {}): TestStep {
    return {
      leases: this.leases,
      refOf: importRef,
      load: async (ref) => ref,
      logOf: () => log,
      run,
      keepReason: async (_, error) => void this.reasons.push(error.explanation),
      failed: async ({ ref }, error) => {
        this.failures.push(error);
        return send({ to: 'fail-import', message: ref });
      },
      ...more,
    };
  }

  /** Its message. @param receiveCount as if it had come so often */
  received({
    receiveCount = 1,
    deadline = deadlineOf(),
    ...more
  }: Partial<ImportMessage & { receiveCount: number; deadline: Deadline }> = {}): Received<ImportMessage> {
    const hideFor = async (seconds: number): Promise<void> => {
      this.calls.push(`hide ${seconds}`);
      this.hidden.push(seconds);
    };
    return { message: { ...this.ref, ...more }, delivery: { receiveCount, hideFor }, deadline };
  }

  /** What another attempt finds that begins now. */
  beginAnother = (attempt = newAttemptId()) => this.leases.begin(this.ref, attempt);

  claim = () => this.use().table.get(claimKey(this.ref));

  expireLease = () => this.use().table.update(claimKey(this.ref), { leaseUntil: 0 });
}

/** A step for each test of a file. */
export const useStep = (): (() => StepAtWork) => {
  const use = useLocalState();
  let atWork: StepAtWork;
  beforeEach(async () => {
    atWork = new StepAtWork(use);
    await atWork.leases.take(atWork.ref);
    await atWork.leases.queued(atWork.ref);
  });
  return () => atWork;
};
