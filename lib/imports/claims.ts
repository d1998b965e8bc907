import type { Condition, Item, Table } from '../aws/table.ts';
import type { ImageId, TaskId } from '../schemas/ids.ts';
import type { ClaimKey } from './task.ts';

/**
 * The claim on a target image, item `claim`: one import per image, and one attempt at its step at a time.
 * `leaseUntil`: until then another attempt must keep away; a heartbeat moves it. `staleAt`: from then on a new
 * request may take the image over; while a message waits in a queue that is far off, after a crash it is near.
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
  /** The attempt ends, the import goes on: it waits for its next message. */
  pause(key: ClaimKey): Promise<void>;
  release(imageId: ImageId, taskId: TaskId): Promise<void>;
}

const minute = 60_000; // ms
/** Silence after which an image is free again. A crash is redelivered within a minute, so ten mean that all is lost. */
const staleWhileRunning = 10 * minute;
/** Longest wait in a queue; Glance's own limit for a pending task. */
const staleWhileWaiting = 120 * minute;

const key = (imageId: ImageId) => ({ imageId, item: 'claim' });

const heldBy = ({ taskId, attempt }: Omit<ClaimKey, 'imageId'>): Condition => ({
  expression: 'taskId = :taskId AND attempt = :attempt',
  values: { ':taskId': taskId, ':attempt': attempt },
});

/** @param leaseMs how long an attempt holds the claim without a heartbeat; shorter than its message is hidden */
export const createClaims = (table: Table, { leaseMs }: { readonly leaseMs: number }): Claims => {
  const waiting = () => ({ leaseUntil: 0, staleAt: Date.now() + staleWhileWaiting });
  const live = () => ({ leaseUntil: Date.now() + leaseMs, staleAt: Date.now() + staleWhileRunning });
  const read = async (imageId: ImageId): Promise<Item | undefined> => await table.get(key(imageId));

  const take: Claims['take'] = async (imageId, taskId) => {
    const claim = { taskId, ...live(), leaseUntil: 0 };
    const unclaimed = { expression: 'attribute_not_exists(imageId)' };
    if (await table.put(key(imageId), claim, unclaimed)) return { replaced: undefined };
    const held = await read(imageId);
    const free: Condition = held
      ? {
          expression: 'taskId = :old AND staleAt < :now',
          values: { ':old': held['taskId'], ':now': Date.now() },
        }
      : unclaimed;
    const taken = await table.put(key(imageId), claim, free);
    return taken && { replaced: held?.['taskId'] as TaskId | undefined };
  };

  const begin: Claims['begin'] = async ({ imageId, taskId, attempt }) => {
    const condition = { expression: 'taskId = :taskId AND leaseUntil < :now' };
    const values = { ':taskId': taskId, ':now': Date.now() };
    if (await table.update(key(imageId), { attempt, ...live() }, { ...condition, values })) return 'mine';
    return (await read(imageId))?.['taskId'] === taskId ? 'live' : 'lost';
  };

  return {
    take,
    queued: async (imageId, taskId) => {
      const untouched = { expression: 'taskId = :taskId AND attribute_not_exists(attempt)' };
      await table.update(key(imageId), waiting(), { ...untouched, values: { ':taskId': taskId } });
    },
    holder: async (imageId) => {
      const held = await read(imageId);
      return held && Number(held['staleAt']) >= Date.now() ? (held['taskId'] as TaskId) : undefined;
    },
    begin,
    renew: (claim) => table.update(key(claim.imageId), live(), heldBy(claim)),
    pause: async (claim) => {
      await table.update(key(claim.imageId), waiting(), heldBy(claim));
    },
    release: async (imageId, taskId) => {
      await table.remove(key(imageId), { expression: 'taskId = :taskId', values: { ':taskId': taskId } });
    },
  };
};
