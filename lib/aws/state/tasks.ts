import { errorRules } from '../../errors.ts';
import type { ImportRef } from '../../state/refs.ts';
import { glanceTime, type Task } from '../../state/task.ts';
import type { Tasks } from '../../state/tasks.ts';
import type { Condition, Item, Table } from '../table.ts';
import { epochSeconds, hoursFromNow, unfinishedExpiresAtS } from './expiry.ts';
import { taskKey, tasksAt } from './keys.ts';

const running = {
  expression: '#status IN (:pending, :processing)',
  names: { '#status': 'status' },
  values: { ':pending': 'pending', ':processing': 'processing' },
};
const isUndecided = `${running.expression} AND attribute_not_exists(ending)`;
const undecided: Condition = { ...running, expression: isUndecided };
const neverWorkedOn: Condition = {
  expression: '#status = :pending',
  names: running.names,
  values: { ':pending': 'pending' },
};

const finalCodes = Object.entries(errorRules).flatMap(([code, { retryable }]) => (retryable ? [] : [code]));
const finalValues = Object.fromEntries(finalCodes.map((code, index) => [`:final${index}`, code]));
const notFailedForGood: Condition = {
  ...running,
  expression:
    `${running.expression} AND ` +
    `(attribute_not_exists(failureCode) OR NOT failureCode IN (${Object.keys(finalValues).join(', ')}))`,
  values: { ...running.values, ...finalValues },
};

/** What nobody needs of a task that has ended; its secrets before all. */
const erased = {
  sealed: undefined,
  changes: undefined,
  wanted: undefined,
  isApplied: undefined,
  isUploaded: undefined,
  ending: undefined,
  revivals: undefined,
  failure: undefined,
};

export const taskOf = ({ subject, item, expiresAtS, ...task }: Item): Task => task as unknown as Task;

/** @param ttlH hours that an ended task stays listed */
export const createTasks = (table: Table, { ttlH }: { readonly ttlH: number }): Tasks => {
  const now = () => glanceTime(new Date());
  const get = async (ref: ImportRef): Promise<Task | undefined> => {
    const found = await table.get(taskKey(ref));
    return found && taskOf(found);
  };

  return {
    create: async (task) => {
      await table.put(taskKey(task), { ...task, expiresAtS: unfinishedExpiresAtS() });
    },
    takeBack: (ref) => table.remove(taskKey(ref), neverWorkedOn),
    get,
    list: async (target) => {
      const { subject, prefix } = tasksAt(target);
      const tasks = (await table.query(subject, prefix)).map(taskOf);
      return tasks.sort((a, b) => a.createdAt.localeCompare(b.createdAt));
    },
    update: (ref, changes) => table.update(taskKey(ref), { ...changes, updatedAt: now() }, running),
    fail: async (ref, { explanation, code }) => {
      const failed = { failure: explanation, failureCode: code, updatedAt: now() };
      await table.update(taskKey(ref), failed, notFailedForGood);
    },
    recover: async (ref) => {
      const recovered = { failure: undefined, failureCode: undefined, updatedAt: now() };
      await table.update(taskKey(ref), recovered, notFailedForGood);
    },
    decide: async (ref, ending) => {
      if (await table.update(taskKey(ref), { ending, updatedAt: now() }, undecided)) return ending;
      return (await get(ref))?.ending;
    },
    finish: async (ref, { status, message }) => {
      const expires = hoursFromNow(ttlH);
      const end = { status, message, updatedAt: now(), expiresAt: glanceTime(expires) };
      // Of a failure its code stays: whether another import is begun depends on it.
      const code = status === 'success' ? { failureCode: undefined } : {};
      const last = { ...end, ...erased, ...code, expiresAtS: epochSeconds(expires) };
      await table.update(taskKey(ref), last, running);
    },
  };
};
