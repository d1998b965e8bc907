import { asFerryError, claimLost, FerryError, hasCode } from '../errors.ts';
import { log } from '../log.ts';

/** Visibility of a message whose step is at work, in heartbeats: a crash is noticed after so many. */
export const heartbeatsHidden = 3;

/** How long a lease lasts: a little less than a message stays hidden, whose next receiver finds the lease at its end. */
export const leaseMsOf = (heartbeatS: number): number => (heartbeatsHidden - 0.5) * heartbeatS * 1000;

/** Looks, one after the other, that must find nothing to work for: one alone may have met a replica that is behind. */
export const verdictsNeeded = 2;

export interface HeartbeatOptions {
  /** Seconds between beats. */
  readonly heartbeatS: number;
  readonly leaseMs: number;
  /** When the lease was asked for, by performance.now(): it may be a while ago on a busy machine, and ends that much sooner. */
  readonly leaseSinceMs: number;
  /** Names the attempt in the log. */
  readonly names: object;
  /** @returns false when the lease is another's, or what it is on has ended */
  renewLease(): Promise<boolean>;
  /** What else is kept only while there are signs of life: the message hidden, the seat taken. */
  keep(): Promise<unknown>;
  /** Looks whether there is still something to work for. @throws FerryError `not-found`, `conflict` if not */
  look(signal: AbortSignal): Promise<void>;
}

export interface Heartbeat {
  /** Ends when the attempt must not work on, with the reason. */
  readonly signal: AbortSignal;
  /** No beat begins any more. One that is on its way finds an attempt that has paused, and renews nothing. */
  stop(): void;
}

const notRenewed = (ms: number): FerryError =>
  new FerryError(
    'unavailable',
    `The lease could not be renewed for ${ms / 1000} s: another attempt may be at work`,
  );

/**
 * Keeps lease and message while a step works, one beat at a time. Ends the step when the lease is gone, when it has run
 * out because it could not be renewed (another attempt may have begun then), and when `look` says so.
 */
export const startHeartbeat = (options: HeartbeatOptions): Heartbeat => {
  const { heartbeatS, leaseMs, names } = options;
  const ended = new AbortController();
  const stopped = new AbortController();
  let leaseEnds: NodeJS.Timeout | undefined;
  let [isBeating, isLooking] = [false, false];
  let verdicts = 0;

  const warn = (error: unknown): void => {
    if (!stopped.signal.aborted) log.warn('heartbeat failed', { about: names, error: asFerryError(error) });
  };
  const countLeaseFrom = (startedMs: number): void => {
    clearTimeout(leaseEnds);
    const runOut = () => ended.abort(notRenewed(leaseMs));
    leaseEnds = setTimeout(runOut, Math.max(0, startedMs + leaseMs - performance.now()));
  };
  const renew = async (): Promise<void> => {
    const startedMs = performance.now();
    // The lease first: it must end before the message can come again.
    if (!(await options.renewLease())) return ended.abort(claimLost());
    if (stopped.signal.aborted) return;
    countLeaseFrom(startedMs);
    await options.keep();
  };
  const beat = async (): Promise<void> => {
    if (isBeating) return;
    isBeating = true;
    await renew().catch(warn);
    isBeating = false;
  };
  const look = async (): Promise<void> => {
    if (isLooking) return;
    isLooking = true;
    try {
      await options.look(stopped.signal);
      verdicts = 0;
    } catch (error) {
      const isFinal = hasCode(error, 'not-found', 'conflict');
      verdicts = isFinal ? verdicts + 1 : verdicts;
      if (isFinal && verdicts === verdictsNeeded) ended.abort(error);
    }
    isLooking = false;
  };

  countLeaseFrom(options.leaseSinceMs);
  const timer = setInterval(() => {
    void beat();
    void look();
  }, heartbeatS * 1000);
  return {
    signal: ended.signal,
    stop: () => {
      clearInterval(timer);
      clearTimeout(leaseEnds);
      stopped.abort(new Error('the step has ended'));
    },
  };
};
