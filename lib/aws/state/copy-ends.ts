import type { Copies, Left } from '../../state/copies.ts';
import type { Copy } from '../../state/copy.ts';
import { msOf } from '../../state/task.ts';
import type { Condition, Table } from '../table.ts';
import {
  changeCopy,
  elementOf,
  isNotEnding,
  isOf,
  isThere,
  lastLeaseOf,
  nobodyWaits,
  readCopy,
} from './copy-item.ts';
import { unfinishedExpiresAtS } from './expiry.ts';
import { copyKey } from './keys.ts';

const dayMs = 24 * 3_600_000;
/** Of a copy from its beginning: serverless.yml's lifecycle rule removes its object, begun later, after 14 days. */
const mostKeptMs = 13 * dayMs;

/** Nobody joins a copy that ends, so this is the last word on it. */
const isUnwanted = (copy: Copy): Condition => isOf(copy, ` AND ${nobodyWaits} AND ${isNotEnding}`);
/** Whoever marks it, it is to be cleared up: two that leave at once may both do so. */
const marked = ({ generation }: Copy) => ({ set: { isEnding: true, generation } });

/**
 * How a copy loses those who wait for it, and ends. Two writes: the first takes an import out, and tells who else is
 * there; where nobody is, a second one marks the copy, unless somebody has joined in between. Who dies between the two
 * leaves again, or the sweep finds the copy.
 */
export const createCopyEnds = (
  table: Table,
): Pick<Copies, 'leave' | 'endUnwanted' | 'isAtRest' | 'remove'> => {
  const keptUntilOf = ({ createdAt }: Copy, keepMs: number): number =>
    Math.min(Date.now() + keepMs, msOf(createdAt) + mostKeptMs);

  const keep = async (copy: Copy, keptUntil: number): Promise<Left | undefined> => {
    const set = { keptUntil, generation: copy.generation };
    // Later than it is kept at most.
    const changes = { set, touch: { expiresAtS: unfinishedExpiresAtS() } };
    const kept = await changeCopy(table, copy.copyId, changes, isUnwanted(copy));
    return kept && { state: 'kept' };
  };

  const end = async (copy: Copy): Promise<Left | undefined> => {
    const ending = await changeCopy(table, copy.copyId, marked(copy), isUnwanted(copy));
    return ending && { state: 'ending', copy: ending };
  };

  /** What becomes of a copy that an import has left. */
  const afterLeaving = async (copy: Copy, keepMs: number): Promise<Left> => {
    if (copy.waiting.length > 0) return { state: 'wanted', copy };
    if (copy.isEnding) return { state: 'ending', copy };
    const keptUntil = keptUntilOf(copy, keepMs);
    const left = await (copy.transferred && keptUntil > Date.now() ? keep(copy, keptUntil) : end(copy));
    if (left) return left;
    // Somebody was faster: joined it, or left it as well.
    const now = await readCopy(table, copy.copyId);
    return now?.generation === copy.generation ? await afterLeaving(now, keepMs) : { state: 'gone' };
  };

  return {
    leave: async (copyId, ref, keepMs) => {
      const drop = { waiting: elementOf(ref) };
      const copy = await changeCopy(table, copyId, { drop }, { expression: isThere });
      return copy ? await afterLeaving(copy, keepMs) : { state: 'gone' };
    },
    endUnwanted: async (copyId, nowMs) => {
      const copy = await readCopy(table, copyId);
      if (!copy || copy.isEnding) return copy;
      const { expression, values } = isUnwanted(copy);
      const isKeptNoMore = '(attribute_not_exists(keptUntil) OR keptUntil < :now)';
      return await changeCopy(table, copyId, marked(copy), {
        expression: `${expression} AND ${isKeptNoMore}`,
        values: { ...values, ':now': nowMs },
      });
    },
    isAtRest: async (copyId) => lastLeaseOf((await table.get(copyKey(copyId))) ?? {}) < Date.now(),
    remove: async (copy) => {
      await table.remove(copyKey(copy.copyId), isOf(copy));
    },
  };
};
