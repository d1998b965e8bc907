import type { Condition, Item, Table } from '../../aws/table.ts';
import { segmentItem, segmentItems } from '../../copies/segment-records.ts';
import type { ImageId, TaskId } from '../../schemas/ids.ts';
import { unfinishedExpiresAtS } from './expiry.ts';
import type { ClaimKey, TaskKey } from './task.ts';

/**
 * The claim on a target image, item `claim`: one import per image, and one attempt at its step at a time.
 * `leaseUntil`: until then another attempt must keep away; a heartbeat moves it. `staleAt`: from then on a new
 * request may take the image over; while a message waits in a queue that is far off, after a crash it is near.
 * `ending`: the import ends, no attempt at anything else begins or goes on; see end-import.ts.
 * An attempt at a segment has its lease in the segment's own item, beside the claim of its import: many at a time.
 */
export interface Claims {
  /** How long an attempt is alive without a heartbeat, ms. */
  readonly leaseMs: number;
  /** @returns false when another import has the image; the task that was pushed aside, if any, when it was stale */
  take(imageId: ImageId, taskId: TaskId): Promise<false | { readonly replaced: TaskId | undefined }>;
  /**
   * Gives an image back for which nothing could be queued: to the import that was pushed aside for it, as silent as that
   * was, or to nobody. @returns false when a step has begun all the same
   */
  takeBack(imageId: ImageId, taskId: TaskId, replaced: TaskId | undefined): Promise<boolean>;
  /** The first message is queued: the claim may wait for it. A crash before leaves the image free after a minute. */
  queued(imageId: ImageId, taskId: TaskId): Promise<void>;
  holder(imageId: ImageId): Promise<TaskId | undefined>;
  /** `mine`: work; `live`: another attempt works; `lost`: the import has ended, or ends, or another one has the image. */
  begin(key: ClaimKey): Promise<'mine' | 'live' | 'lost'>;
  /** @returns false when the claim is not this attempt's any more */
  renew(key: ClaimKey): Promise<boolean>;
  /** @returns whether more is stored than an earlier attempt at the same work has found when it began */
  advance(key: ClaimKey, stored: number): Promise<boolean>;
  /** The attempt ends, the import goes on: it waits for its next message. */
  pause(key: ClaimKey): Promise<void>;
  /**
   * The import ends, well or badly: attempts at segments stop at their heartbeat. One that ends badly takes no step but
   * fail-import any more; one that ends well lets the step that ends it come again.
   * @returns whether no segment is at work any more
   */
  end(key: TaskKey, outcome: 'success' | 'failure'): Promise<boolean>;
  release(imageId: ImageId, taskId: TaskId): Promise<void>;
  /** Releases a claim of no import, if it has been stale since before that time, ms since 1970. */
  releaseStale(imageId: ImageId, taskId: TaskId, beforeMs: number): Promise<void>;
}

const minute = 60_000; // ms
/** A request that has not queued its import by then has died: an HTTP function has half of it. */
const staleWhileAsked = minute;
/** Silence after which an image is free again: a crash is redelivered within a minute, clocks may be ten apart. */
const staleWhileRunning = 30 * minute;
/** Longest wait in a queue; Glance's own limit for a pending task. */
const staleWhileWaiting = 120 * minute;

const claimOf = (imageId: ImageId) => ({ imageId, item: 'claim' });

/** The item that holds an attempt's lease. */
const leaseOf = ({ imageId, taskId, segment }: ClaimKey) =>
  segment === undefined ? claimOf(imageId) : segmentItem({ imageId, id: taskId }, segment);

const heldBy = ({ taskId, attempt }: ClaimKey): Condition => ({
  expression: 'taskId = :taskId AND attempt = :attempt',
  values: { ':taskId': taskId, ':attempt': attempt },
});

const of = (taskId: TaskId, expression = 'taskId = :taskId'): Condition => ({
  expression,
  values: { ':taskId': taskId },
});

const unclaimed = { expression: 'attribute_not_exists(imageId)' };
/** Nobody has begun to work on the import. */
const untouched = 'taskId = :taskId AND attribute_not_exists(hasBegun)';

/** @param leaseMs how long an attempt holds the claim without a heartbeat; shorter than its message is hidden */
export const createClaims = (table: Table, { leaseMs }: { readonly leaseMs: number }): Claims => {
  // Each write names its writer, so that one that is sent twice knows its own (aws/written-before.ts).
  const staleIn = (ms: number) => ({ staleAt: Date.now() + ms, expiresAtS: unfinishedExpiresAtS() });
  const leased = ({ taskId, attempt }: ClaimKey) => ({ taskId, attempt, leaseUntil: Date.now() + leaseMs });
  const live = (key: ClaimKey) =>
    key.segment === undefined
      ? { ...leased(key), ...staleIn(staleWhileRunning), hasBegun: true }
      : { ...leased(key), expiresAtS: unfinishedExpiresAtS() };
  const read = async (imageId: ImageId): Promise<Item | undefined> => await table.get(claimOf(imageId));

  const take: Claims['take'] = async (imageId, taskId) => {
    const claim = { taskId, leaseUntil: 0, ...staleIn(staleWhileAsked) };
    if (await table.put(claimOf(imageId), claim, unclaimed)) return { replaced: undefined };
    const held = await read(imageId);
    const stale = { ':old': held?.['taskId'], ':now': Date.now() };
    const free = held ? { expression: 'taskId = :old AND staleAt < :now', values: stale } : unclaimed;
    const taken = await table.put(claimOf(imageId), claim, free);
    return taken && { replaced: held?.['taskId'] as TaskId | undefined };
  };

  /** The import's claim seen from a segment. Other segments' messages may wait long, so it never gets stale soon. */
  const keepImport = ({ imageId, taskId, attempt }: ClaimKey): Promise<boolean> =>
    table.update(
      claimOf(imageId),
      { ...staleIn(staleWhileWaiting), keptBy: attempt },
      of(taskId, 'taskId = :taskId AND attribute_not_exists(ending)'),
    );

  const beginStep: Claims['begin'] = async (key) => {
    const { imageId, taskId, mayEnd = false } = key;
    // fail-import alone may work on what ends badly.
    const allowed = mayEnd ? '' : ' AND (attribute_not_exists(ending) OR ending = :success)';
    const success = mayEnd ? {} : { ':success': 'success' };
    const condition = {
      expression: `taskId = :taskId AND leaseUntil < :now${allowed}`,
      values: { ':taskId': taskId, ':now': Date.now(), ...success },
    };
    if (await table.update(claimOf(imageId), live(key), condition)) return 'mine';
    const held = await read(imageId);
    // Nobody has the image, and somebody has to end the import.
    if (!held && mayEnd && (await table.put(claimOf(imageId), live(key), unclaimed))) return 'mine';
    if (held?.['taskId'] !== taskId) return 'lost';
    return held['ending'] === 'failure' && !mayEnd ? 'lost' : 'live';
  };

  /** What an attempt that comes too late has to say: the end may still look at segments, or it has been long ago. */
  const afterTheEnd = async (key: ClaimKey): Promise<'live' | 'lost'> => {
    if ((await read(key.imageId))?.['taskId'] === key.taskId) return 'live';
    await table.remove(leaseOf(key));
    return 'lost';
  };

  const beginSegment: Claims['begin'] = async (key) => {
    if (!(await keepImport(key))) return await afterTheEnd(key);
    const free = { expression: 'attribute_not_exists(leaseUntil) OR leaseUntil < :now' };
    if (!(await table.update(leaseOf(key), live(key), { ...free, values: { ':now': Date.now() } })))
      return 'live';
    if (await keepImport(key)) return 'mine';
    // The import has ended in between, and has cleared up without this item.
    await table.remove(leaseOf(key), heldBy(key));
    return 'lost';
  };

  const takeBack: Claims['takeBack'] = async (imageId, taskId, replaced) => {
    const ifUntouched = of(taskId, untouched);
    const isBack = replaced
      ? await table.update(
          claimOf(imageId),
          { taskId: replaced, staleAt: 0, givenBackBy: taskId },
          ifUntouched,
        )
      : await table.remove(claimOf(imageId), ifUntouched);
    // Another request may have taken the image before a lost answer was asked for again.
    return isBack || (await read(imageId))?.['taskId'] !== taskId;
  };

  const end: Claims['end'] = async (key, outcome) => {
    await table.update(claimOf(key.imageId), { ending: outcome, endedBy: key.id }, of(key.id));
    const segments = await table.query(key.imageId, segmentItems(key));
    return segments.every(({ leaseUntil }) => Number(leaseUntil ?? 0) < Date.now());
  };

  return {
    leaseMs,
    take,
    takeBack,
    queued: async (imageId, taskId) => {
      const waiting = { taskId, ...staleIn(staleWhileWaiting) };
      await table.update(claimOf(imageId), waiting, of(taskId, untouched));
    },
    holder: async (imageId) => {
      const held = await read(imageId);
      return held && Number(held['staleAt']) >= Date.now() ? (held['taskId'] as TaskId) : undefined;
    },
    begin: (key) => (key.segment === undefined ? beginStep(key) : beginSegment(key)),
    renew: async (key) => {
      if (key.segment !== undefined && !(await keepImport(key))) return false;
      return await table.update(leaseOf(key), live(key), heldBy(key));
    },
    advance: (key, stored) => {
      const { expression, values } = heldBy(key);
      return table.update(
        leaseOf(key),
        { storedBefore: stored, storedBy: key.attempt },
        {
          expression: `${expression} AND (attribute_not_exists(storedBefore) OR storedBefore < :stored)`,
          values: { ...values, ':stored': stored },
        },
      );
    },
    // Without its attempt a heartbeat that comes late finds nothing to renew.
    pause: async (key) => {
      const stale = key.segment === undefined ? staleIn(staleWhileWaiting) : {};
      await table.update(leaseOf(key), { leaseUntil: 0, attempt: undefined, ...stale }, heldBy(key));
    },
    end,
    release: async (imageId, taskId) => {
      await table.remove(claimOf(imageId), of(taskId));
    },
    releaseStale: async (imageId, taskId, beforeMs) => {
      const stale = { ':taskId': taskId, ':before': beforeMs };
      const condition = { expression: 'taskId = :taskId AND staleAt < :before', values: stale };
      await table.remove(claimOf(imageId), condition);
    },
  };
};
