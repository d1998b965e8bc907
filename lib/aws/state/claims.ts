import type { AttemptId, TaskId } from '../../schemas/ids.ts';
import type { Claims } from '../../state/claims.ts';
import type { ImportRef, Target } from '../../state/refs.ts';
import type { Condition, Item, Table } from '../table.ts';
import { advance } from './advance.ts';
import { unfinishedExpiresAtS } from './expiry.ts';
import { claimKey } from './keys.ts';

// The claim on a target, item `claim`. `leaseUntil`: until then another attempt must keep away; a heartbeat moves it.
// `staleAt`: from then on a new request may take the target over; while a message waits in a queue that is far off,
// after a crash it is near. `ending`: how the import ends. `hasBegun`: a step has worked on it.

const minute = 60_000; // ms
/** A request that has not queued its import by then has died: an HTTP function has half of it. */
const staleWhileAsked = minute;
/** Silence after which a target is free again: a crash is redelivered within a minute, clocks may be ten apart. */
const staleWhileRunning = 30 * minute;
/** Longest wait in a queue, or for a copy; Glance's own limit for a pending task. */
const staleWhileWaiting = 120 * minute;

const heldBy = ({ taskId }: ImportRef, attempt: AttemptId): Condition => ({
  expression: 'taskId = :taskId AND attempt = :attempt',
  values: { ':taskId': taskId, ':attempt': attempt },
});

const of = ({ taskId }: ImportRef, and = ''): Condition => ({
  expression: `taskId = :taskId${and}`,
  values: { ':taskId': taskId },
});

const unclaimed: Condition = { expression: 'attribute_not_exists(subject)' };
/** Nobody has begun to work on the import. */
const untouched = ' AND attribute_not_exists(hasBegun)';
/** Only who ends an import may work on one that ends badly. */
const goesOn = ' AND (attribute_not_exists(ending) OR ending = :success)';

/** @param leaseMs how long an attempt holds the claim without a heartbeat; shorter than its message is hidden */
export const createClaims = (table: Table, { leaseMs }: { readonly leaseMs: number }): Claims => {
  // Each write names its writer, so that one that is sent twice knows its own (../written-before.ts); how long a claim
  // is good for is written by others as well.
  const staleIn = (ms: number) => ({ staleAt: Date.now() + ms, expiresAtS: unfinishedExpiresAtS() });
  const live = ({ taskId }: ImportRef, attempt: AttemptId) => ({
    set: { taskId, attempt, leaseUntil: Date.now() + leaseMs, hasBegun: true },
    touch: staleIn(staleWhileRunning),
  });
  const read = async (target: Target): Promise<Item | undefined> => await table.get(claimKey(target));

  const take: Claims['take'] = async (ref) => {
    const claim = { taskId: ref.taskId, leaseUntil: 0, ...staleIn(staleWhileAsked) };
    if (await table.put(claimKey(ref), claim, unclaimed)) return { preempted: undefined };
    const held = await read(ref);
    const stale = { ':old': held?.['taskId'], ':now': Date.now() };
    const free = held ? { expression: 'taskId = :old AND staleAt < :now', values: stale } : unclaimed;
    const taken = await table.put(claimKey(ref), claim, free);
    return taken && { preempted: held?.['taskId'] as TaskId | undefined };
  };

  const takeBack: Claims['takeBack'] = async (ref, preempted) => {
    const key = claimKey(ref);
    const { taskId } = ref;
    const isBack = preempted
      ? await table.update(key, { taskId: preempted, staleAt: 0, givenBackBy: taskId }, of(ref, untouched))
      : await table.remove(key, of(ref, untouched));
    // Another request may have taken the target before a lost answer was asked for again.
    return isBack || (await read(ref))?.['taskId'] !== taskId;
  };

  const beginIf = async (ref: ImportRef, attempt: AttemptId, { and = '', values = {} }): Promise<boolean> => {
    const { taskId } = ref;
    const condition = {
      expression: `taskId = :taskId AND leaseUntil < :now${and}`,
      values: { ':taskId': taskId, ':now': Date.now(), ...values },
    };
    return (await table.change(claimKey(ref), live(ref, attempt), condition)) !== undefined;
  };

  const begin: Claims['begin'] = async (ref, attempt) => {
    if (await beginIf(ref, attempt, { and: goesOn, values: { ':success': 'success' } })) return 'mine';
    const held = await read(ref);
    return held?.['taskId'] === ref.taskId && held['ending'] !== 'failure' ? 'live' : 'lost';
  };

  const beginEnd: Claims['beginEnd'] = async (ref, attempt) => {
    if (await beginIf(ref, attempt, {})) return 'mine';
    const held = await read(ref);
    if (held) return held['taskId'] === ref.taskId ? 'live' : 'lost';
    // Nobody has the target, and somebody has to end the import.
    const { set, touch } = live(ref, attempt);
    return (await table.put(claimKey(ref), { ...set, ...touch }, unclaimed)) ? 'mine' : 'lost';
  };

  return {
    leaseMs,
    take,
    takeBack,
    begin,
    beginEnd,
    queued: async (ref) => {
      const waiting = { taskId: ref.taskId, ...staleIn(staleWhileWaiting) };
      await table.update(claimKey(ref), waiting, of(ref, untouched));
    },
    holder: async (target) => {
      const held = await read(target);
      return held && Number(held['staleAt']) >= Date.now() ? (held['taskId'] as TaskId) : undefined;
    },
    renew: async (ref, attempt) =>
      (await table.change(claimKey(ref), live(ref, attempt), heldBy(ref, attempt))) !== undefined,
    keepWaiting: async (ref) => {
      // `ending` is not there; removed all the same, so that a claim that ends is not taken for what this has written.
      const waiting = { set: { taskId: ref.taskId, ending: undefined }, touch: staleIn(staleWhileWaiting) };
      const ifGoingOn = of(ref, ' AND attribute_not_exists(ending)');
      return (await table.change(claimKey(ref), waiting, ifGoingOn)) !== undefined;
    },
    advance: (ref, attempt, stored) =>
      advance(table, claimKey(ref), heldBy(ref, attempt), { attempt, stored }),
    // Without its attempt a heartbeat that comes late finds nothing to renew.
    pause: async (ref, attempt) => {
      const paused = { leaseUntil: 0, attempt: undefined, ...staleIn(staleWhileWaiting) };
      await table.update(claimKey(ref), paused, heldBy(ref, attempt));
    },
    end: async (ref, outcome) => {
      await table.update(claimKey(ref), { ending: outcome, endedBy: ref.taskId }, of(ref));
    },
    // Without its attempt a heartbeat finds nothing to renew; until the lease is over it may not have seen that.
    callOff: async (ref) => {
      const calledOff = { ending: 'failure', endedBy: ref.taskId, attempt: undefined };
      await table.update(claimKey(ref), calledOff, of(ref, ' AND attribute_not_exists(ending)'));
    },
    release: async (ref) => {
      await table.remove(claimKey(ref), of(ref));
    },
    releaseStale: async (ref, beforeMs) => {
      const stale = { ':taskId': ref.taskId, ':before': beforeMs };
      const condition = { expression: 'taskId = :taskId AND staleAt < :before', values: stale };
      await table.remove(claimKey(ref), condition);
    },
  };
};
