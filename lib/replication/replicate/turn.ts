import { ignored } from '../../promises.ts';
import { newAttemptId } from '../../schemas/ids.ts';
import type { Locks } from '../../state/locks.ts';
import type { ReplicateMessage } from '../../state/messages.ts';
import type { Change } from '../plan/change.ts';
import type { Policy } from '../policy/policy.ts';
import { again, left, type Next } from './next.ts';

/**
 * Imports end by themselves, so a turn is waited for as long as it takes; a routine's replica is left to the next run, which
 * asks for those whose turn it is then.
 * @returns undefined where no cap of the policy holds the replica back
 */
export const whileOthersImport = (
  message: ReplicateMessage,
  changes: readonly Change[],
): Next | undefined => {
  const waiting = changes.find((change) => change.kind === 'skip' && change.isWaiting);
  if (!waiting) return undefined;
  return message.replica.isRoutine ? left(waiting.reason) : again(message, waiting.reason);
};

/** A replica whose import may have to wait for its turn. */
interface Waiting {
  readonly message: ReplicateMessage;
  readonly policy: Policy;
  /** What is left to do, as it is now. */
  readonly look: () => Promise<{ readonly changes: readonly Change[] }>;
}

/**
 * Begins an import, if the cap of its policy lets it. One at a time looks and begins: several would all see the same free
 * turn.
 * @param locks undefined where nobody else begins any
 */
export const inTurn = async (
  locks: Locks | undefined,
  { message, policy, look }: Waiting,
  begin: () => Promise<Next>,
): Promise<Next> => {
  if (policy.caps.importsPerRegion === undefined) return await begin();
  const lock = { policy: policy.name, region: message.replica.region };
  const attempt = newAttemptId();
  if (locks && !(await locks.take(lock, attempt)))
    return again(message, 'another import of its policy is being begun');
  try {
    return whileOthersImport(message, (await look()).changes) ?? (await begin());
  } finally {
    // One that stays ends by itself.
    await locks?.release(lock, attempt).catch(ignored);
  }
};
