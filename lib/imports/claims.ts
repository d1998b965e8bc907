import type { Condition, Item, Table } from '../aws/table.ts';
import type { ImageId, TaskId } from '../schemas/ids.ts';
import { segmentItem, segmentItems } from './segment-records.ts';
import type { ClaimKey, TaskKey } from './task.ts';

/**
 * The claim on a target image, item `claim`: one import per image, and one attempt at its step at a time.
 * `leaseUntil`: until then another attempt must keep away; a heartbeat moves it. `staleAt`: from then on a new
 * request may take the image over; while a message waits in a queue that is far off, after a crash it is near.
 * An attempt at a segment has its lease in the segment's own item, beside the claim of its import: many at a time.
 */
export interface Claims {
  /** @returns false when another import has the image; the task that was pushed aside, if any, when it was stale */
  take(imageId: ImageId, taskId: TaskId): Promise<false | { readonly replaced: TaskId | undefined }>;
  /** The first message is queued: the claim may wait for it. A crash before leaves the image free after minutes. */
  queued(imageId: ImageId, taskId: TaskId): Promise<void>;
  holder(imageId: ImageId): Promise<TaskId | undefined>;
  /** `mine`: work; `live`: another attempt works; `lost`: the import has ended or another one has the image. */
  begin(key: ClaimKey): Promise<'mine' | 'live' | 'lost'>;
  /** @returns false when the claim is not this attempt's any more */
  renew(key: ClaimKey): Promise<boolean>;
  /** @returns whether more is stored than an earlier attempt at the same work has found when it began */
  advance(key: ClaimKey, stored: number): Promise<boolean>;
  /** The attempt ends, the import goes on: it waits for its next message. */
  pause(key: ClaimKey): Promise<void>;
  /** Takes the claim from all attempts at segments. @returns whether none is at work any more */
  stopSegments(key: TaskKey): Promise<boolean>;
  release(imageId: ImageId, taskId: TaskId): Promise<void>;
}

const minute = 60_000; // ms
/** Silence after which an image is free again. A crash is redelivered within a minute, so ten mean that all is lost. */
const staleWhileRunning = 10 * minute;
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

/** @param leaseMs how long an attempt holds the claim without a heartbeat; shorter than its message is hidden */
export const createClaims = (table: Table, { leaseMs }: { readonly leaseMs: number }): Claims => {
  const waiting = () => ({ leaseUntil: 0, staleAt: Date.now() + staleWhileWaiting });
  const leased = () => ({ leaseUntil: Date.now() + leaseMs });
  const live = ({ segment }: Pick<ClaimKey, 'segment'> = {}) =>
    segment === undefined ? { ...leased(), staleAt: Date.now() + staleWhileRunning } : leased();
  const read = async (imageId: ImageId): Promise<Item | undefined> => await table.get(claimOf(imageId));

  const take: Claims['take'] = async (imageId, taskId) => {
    const claim = { taskId, ...live(), leaseUntil: 0 };
    const unclaimed = { expression: 'attribute_not_exists(imageId)' };
    if (await table.put(claimOf(imageId), claim, unclaimed)) return { replaced: undefined };
    const held = await read(imageId);
    const free: Condition = held
      ? {
          expression: 'taskId = :old AND staleAt < :now',
          values: { ':old': held['taskId'], ':now': Date.now() },
        }
      : unclaimed;
    const taken = await table.put(claimOf(imageId), claim, free);
    return taken && { replaced: held?.['taskId'] as TaskId | undefined };
  };

  /** The import's claim seen from a segment. Other segments' messages may wait long, so it never gets stale soon. */
  const keepImport = ({ imageId, taskId }: ClaimKey): Promise<boolean> =>
    table.update(
      claimOf(imageId),
      { staleAt: Date.now() + staleWhileWaiting },
      {
        expression: 'taskId = :taskId AND attribute_not_exists(ending)',
        values: { ':taskId': taskId },
      },
    );

  const beginStep: Claims['begin'] = async ({ imageId, taskId, attempt }) => {
    const condition = { expression: 'taskId = :taskId AND leaseUntil < :now' };
    const values = { ':taskId': taskId, ':now': Date.now() };
    if (await table.update(claimOf(imageId), { attempt, ...live() }, { ...condition, values })) return 'mine';
    return (await read(imageId))?.['taskId'] === taskId ? 'live' : 'lost';
  };

  const beginSegment: Claims['begin'] = async (key) => {
    if (!(await keepImport(key))) return 'lost';
    const { taskId, attempt } = key;
    const free = { expression: 'attribute_not_exists(leaseUntil) OR leaseUntil < :now' };
    const values = { ':now': Date.now() };
    const lease = { taskId, attempt, ...leased() };
    if (!(await table.update(leaseOf(key), lease, { ...free, values }))) return 'live';
    if (await keepImport(key)) return 'mine';
    // The import has ended in between, and has cleared up without this item.
    await table.remove(leaseOf(key), heldBy(key));
    return 'lost';
  };

  const pause: Claims['pause'] = async (key) => {
    await table.update(leaseOf(key), key.segment === undefined ? waiting() : { leaseUntil: 0 }, heldBy(key));
  };

  return {
    take,
    queued: async (imageId, taskId) => {
      const untouched = { expression: 'taskId = :taskId AND attribute_not_exists(attempt)' };
      await table.update(claimOf(imageId), waiting(), { ...untouched, values: { ':taskId': taskId } });
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
        { storedBefore: stored },
        {
          expression: `${expression} AND (attribute_not_exists(storedBefore) OR storedBefore < :stored)`,
          values: { ...values, ':stored': stored },
        },
      );
    },
    pause,
    stopSegments: async ({ imageId, id }) => {
      const held = { expression: 'taskId = :taskId', values: { ':taskId': id } };
      await table.update(claimOf(imageId), { ending: true }, held);
      const segments = await table.query(imageId, segmentItems({ id }));
      return segments.every(({ leaseUntil }) => Number(leaseUntil ?? 0) < Date.now());
    },
    release: async (imageId, taskId) => {
      await table.remove(claimOf(imageId), { expression: 'taskId = :taskId', values: { ':taskId': taskId } });
    },
  };
};
