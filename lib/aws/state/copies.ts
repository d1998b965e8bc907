import type { AttemptId } from '../../schemas/ids.ts';
import type { Copies } from '../../state/copies.ts';
import { type RowRef, wholeCopy } from '../../state/refs.ts';
import type { Item, Table } from '../table.ts';
import { createBeginAnew } from './begin-anew.ts';
import { createCopyEnds } from './copy-ends.ts';
import {
  alive,
  changeCopy,
  elementOf,
  hasNotFailed,
  isAt,
  isNotEnding,
  isOf,
  isThere,
  readCopy,
  rowNames,
  stillWanted,
} from './copy-item.ts';
import { unfinishedExpiresAtS } from './expiry.ts';
import { copyKey, refText } from './keys.ts';
import { createParts } from './parts.ts';
import { createRowLeases } from './row-leases.ts';

/**
 * Imports that wait for one copy at a time. An item holds 400 KB, and is paid for by its KB at each write
 * (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html); an import takes up to 330 bytes.
 */
const mostWaiting = 500;

/** For one more import, or for one that waits already. */
const hasRoom = '(attribute_not_exists(waiting) OR size(waiting) < :most OR contains(waiting, :import))';

/** @param leaseMs how long an attempt holds a row without a heartbeat; shorter than its message is hidden */
export const createCopies = (table: Table, { leaseMs }: { readonly leaseMs: number }): Copies => {
  /** The attempt is written again, so that a write that is sent twice knows its own (../written-before.ts). */
  const write = (ref: RowRef, attempt: AttemptId, attributes: Item) => {
    const set = { ...attributes, [rowNames(ref.row).attempt]: attempt };
    return changeCopy(table, ref.copyId, { set, touch: alive() }, isAt(ref, attempt));
  };

  return {
    ...createRowLeases(table, { leaseMs }),
    ...createCopyEnds(table),
    ...createParts(table),
    get: (copyId) => readCopy(table, copyId),
    create: async (copy, first, attempt) => {
      const { copyId, generation } = copy;
      const names = rowNames(wholeCopy);
      const { updatedAt, expiresAtS } = alive();
      const item = {
        ...{ ...copy, createdAt: updatedAt, updatedAt, expiresAtS },
        begunBy: first.taskId,
        waiting: elementOf(first),
        [names.attempt]: attempt,
        [names.leaseUntil]: Date.now() + leaseMs,
      };
      const isNew = { expression: 'attribute_not_exists(subject)' };
      if (await table.put(copyKey(copyId), item, isNew)) return true;
      // After a lost answer others may have joined what this has begun.
      return (await readCopy(table, copyId))?.generation === generation;
    },
    join: async (copyId, ref) => {
      const changes = {
        add: { waiting: elementOf(ref) },
        set: { keptUntil: undefined, ...stillWanted },
        touch: { expiresAtS: unfinishedExpiresAtS() },
      };
      const condition = {
        expression: `${isThere} AND ${isNotEnding} AND ${hasNotFailed} AND ${hasRoom}`,
        values: { ':most': mostWaiting, ':import': refText(ref) },
      };
      return await changeCopy(table, copyId, changes, condition);
    },
    update: (ref, attempt, changes) => write(ref, attempt, changes),
    saveRow: (ref, attempt, { next, copied }) => {
      const names = rowNames(ref.row);
      return write(ref, attempt, { [names.next]: next, [names.copied]: copied });
    },
    fail: async (copy, failure) => {
      const isFirst = isOf(copy, ` AND ${hasNotFailed} AND attribute_not_exists(transferred)`);
      const failed = await changeCopy(table, copy.copyId, { set: { failure }, touch: alive() }, isFirst);
      const found = failed ?? (await readCopy(table, copy.copyId));
      return found?.generation === copy.generation ? found : undefined;
    },
    keepReason: async (copy, lastFailure) => {
      await changeCopy(table, copy.copyId, { set: { lastFailure }, touch: alive() }, isOf(copy));
    },
    beginAnew: createBeginAnew(table),
  };
};
