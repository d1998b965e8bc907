import type { Copies } from '../../state/copies.ts';
import type { Copy } from '../../state/copy.ts';
import { type Making, wholeCopy } from '../../state/refs.ts';
import type { Condition, Item, Table } from '../table.ts';
import { alive, changeCopy, copyOf, isNotEnding, isOf, readCopy, rowNames } from './copy-item.ts';
import { copyKey } from './keys.ts';
import { createParts } from './parts.ts';

const ofWhole: readonly (keyof Copy)[] = ['uploadId', 'plan', 'copied', 'stored', 'verification'];

/** All that may be there of rows: also of those that have begun since the item was read. */
const rowAttributes = (item: Item): readonly string[] => {
  const { atOnce = 0 } = copyOf(item).plan ?? {};
  const planned = Array.from({ length: atOnce + 1 }, (_, index) => rowNames(wholeCopy + index));
  const found = Object.keys(item).filter((name) => /^row\d/.test(name));
  return [...new Set([...found, ...planned.flatMap((names) => Object.values(names))])];
};

const isUnfinished = (copy: Making): Condition =>
  isOf(copy, ` AND ${isNotEnding} AND attribute_not_exists(transferred)`);

/** Everything of the old making goes in the write that names the new one; its checkpoints are that one's alone. */
export const createBeginAnew =
  (table: Table): Copies['beginAnew'] =>
  async (copy, next) => {
    const item = await table.get(copyKey(copy.copyId));
    if (!item) return false;
    const forgotten = [...ofWhole, ...rowAttributes(item)].map((name) => [name, undefined]);
    const uploadsLost = (copyOf(item).uploadsLost ?? 0) + 1;
    const set = { ...Object.fromEntries(forgotten), uploadsLost, generation: next, isEnding: undefined };
    const begun =
      (await changeCopy(table, copy.copyId, { set, touch: alive() }, isUnfinished(copy))) ??
      // After a lost answer others may be at what this has begun.
      (await readCopy(table, copy.copyId));
    if (begun?.generation !== next) return false;
    await createParts(table).forgetParts(copy);
    return true;
  };
