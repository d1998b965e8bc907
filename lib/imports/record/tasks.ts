import type { Table } from '../../aws/table.ts';
import { segmentItems } from '../../copies/segment-records.ts';
import { errorRules, type FerryError } from '../../errors.ts';
import type { StoredPart } from '../../transfer/copy.ts';
import { epochSeconds, hoursFromNow, unfinishedExpiresAtS } from './expiry.ts';
import type { Ending, Task, TaskKey } from './task.ts';

/** What may change on a task that runs. */
export type TaskChanges = Partial<
  Pick<
    Task,
    | 'status'
    | 'message'
    | 'uploadId'
    | 'sourceIdentity'
    | 'segments'
    | 'gathering'
    | 'stored'
    | 'verification'
    | 'transferred'
    | 'wanted'
    | 'changes'
    | 'isApplied'
    | 'revivals'
  >
>;

/** The task records and their checkpoints. */
export interface Tasks {
  create(task: Task): Promise<void>;
  /** Takes back a task that was never queued. @returns false for one that a step has worked on */
  takeBack(key: TaskKey): Promise<boolean>;
  get(key: TaskKey): Promise<Task | undefined>;
  /** An image's tasks, oldest first. */
  list(imageId: Task['imageId']): Promise<readonly Task[]>;
  /**
   * Changes a task that has not ended; attributes given as undefined are removed.
   * @returns false for one that has ended
   */
  update(
    key: TaskKey,
    changes: { readonly [K in keyof TaskChanges]: TaskChanges[K] | undefined },
  ): Promise<boolean>;
  /** Keeps why a try failed; the first reason that is final stays, whatever segments say that are still at work. */
  fail(key: TaskKey, error: FerryError): Promise<void>;
  /** Settles how a task ends, once: @returns what was settled, now or before, or undefined for one that has ended */
  decide(key: TaskKey, ending: Ending): Promise<Ending | undefined>;
  /** Ends a task: its secrets go, and Glance's 48 hours until its own end begin. */
  finish(key: TaskKey, ending: Ending): Promise<void>;
  /** Drops all that the table knows of the copy: parts and segments. */
  forgetCopy(key: TaskKey): Promise<void>;
  /** All segments are copied, a segment has found. @returns whether it is the first to find it */
  gather(key: TaskKey, segment: number): Promise<boolean>;
  /** Checkpoints of the parts that the store has, by number: all, or from one number to another. */
  parts(key: TaskKey, range?: PartRange): Promise<ReadonlyMap<number, StoredPart>>;
  savePart(key: TaskKey, part: StoredPart): Promise<void>;
  /** One part by its number, or all. */
  forgetParts(key: TaskKey, number?: number): Promise<void>;
}

/** Numbers, both included. */
interface PartRange {
  readonly firstPart: number;
  readonly lastPart: number;
}

/** Glance's form: microseconds, no zone (`2020-12-18T05:20:38.000000`). */
export const glanceTime = (at: Date): string => at.toISOString().replace('Z', '000');

const running = {
  expression: '#status IN (:pending, :processing)',
  names: { '#status': 'status' },
  values: { ':pending': 'pending', ':processing': 'processing' },
};

const finalCodes = Object.entries(errorRules).flatMap(([code, { retryable }]) => (retryable ? [] : [code]));
const finalValues = Object.fromEntries(finalCodes.map((code, index) => [`:final${index}`, code]));
const notFailedForGood = {
  ...running,
  expression:
    `${running.expression} AND ` +
    `(attribute_not_exists(failureCode) OR NOT failureCode IN (${Object.keys(finalValues).join(', ')}))`,
  values: { ...running.values, ...finalValues },
};

/** @param ttlH hours that an ended task stays listed */
export const createTasks = (table: Table, { ttlH }: { readonly ttlH: number }): Tasks => {
  const taskItem = ({ imageId, id }: TaskKey) => ({ imageId, item: `task#${id}` });
  const partPrefix = ({ id }: TaskKey) => `part#${id}#`;
  const partItem = (key: TaskKey, number: number) => ({
    imageId: key.imageId,
    item: `${partPrefix(key)}${String(number).padStart(5, '0')}`,
  });
  const now = () => glanceTime(new Date());

  const parts = async (key: TaskKey, range?: PartRange) => {
    const items = range
      ? table.queryBetween(
          key.imageId,
          partItem(key, range.firstPart).item,
          partItem(key, range.lastPart).item,
        )
      : table.query(key.imageId, partPrefix(key));
    return (await items) as unknown as StoredPart[];
  };
  const forget = async ({ imageId }: TaskKey, prefix: string) => {
    const items = await table.query(imageId, prefix);
    await table.removeAll(
      imageId,
      items.map(({ item }) => String(item)),
    );
  };

  return {
    create: async (task) => {
      await table.put(taskItem(task), { ...task, expiresAtS: unfinishedExpiresAtS() });
    },
    takeBack: (key) => {
      const pending = { names: { '#status': 'status' }, values: { ':pending': 'pending' } };
      return table.remove(taskItem(key), { expression: '#status = :pending', ...pending });
    },
    get: async (key) => (await table.get(taskItem(key))) as Task | undefined,
    list: async (imageId) => {
      const tasks = (await table.query(imageId, 'task#')) as unknown as Task[];
      return tasks.sort((a, b) => a.createdAt.localeCompare(b.createdAt));
    },
    update: (key, changes) => table.update(taskItem(key), { ...changes, updatedAt: now() }, running),
    fail: async (key, { explanation, code }) => {
      const failed = { failure: explanation, failureCode: code, updatedAt: now() };
      await table.update(taskItem(key), failed, notFailedForGood);
    },
    decide: async (key, ending) => {
      const first = { ...running, expression: `${running.expression} AND attribute_not_exists(ending)` };
      if (await table.update(taskItem(key), { ending, updatedAt: now() }, first)) return ending;
      return ((await table.get(taskItem(key))) as Task | undefined)?.ending;
    },
    finish: async (key, { status, message }) => {
      const expires = hoursFromNow(ttlH);
      const end = { status, message, updatedAt: now(), expiresAt: glanceTime(expires) };
      const erased = {
        sealed: undefined,
        changes: undefined,
        wanted: undefined,
        isApplied: undefined,
        ending: undefined,
        revivals: undefined,
        uploadId: undefined,
        sourceIdentity: undefined,
        segments: undefined,
        gathering: undefined,
        stored: undefined,
        verification: undefined,
        failure: undefined,
        failureCode: undefined,
      };
      await table.update(taskItem(key), { ...end, ...erased, expiresAtS: epochSeconds(expires) }, running);
    },
    gather: (key, segment) => {
      const first = { ...running, expression: `${running.expression} AND attribute_not_exists(gathering)` };
      return table.update(taskItem(key), { gathering: { by: segment, isSent: false } }, first);
    },
    parts: async (key, range) => new Map((await parts(key, range)).map((part) => [part.number, part])),
    savePart: async (key, part) => {
      await table.put(partItem(key, part.number), {
        ...part,
        expiresAtS: unfinishedExpiresAtS(),
      });
    },
    forgetParts: (key, number) =>
      forget(key, number === undefined ? partPrefix(key) : partItem(key, number).item),
    forgetCopy: async (key) => {
      await forget(key, partPrefix(key));
      await forget(key, segmentItems(key));
    },
  };
};
