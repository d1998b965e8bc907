import type { CopyId } from '../../schemas/ids.ts';
import type { Copy, RowState } from '../../state/copy.ts';
import type { ImportRef, Making, RowRef } from '../../state/refs.ts';
import { glanceTime } from '../../state/task.ts';
import type { Changes, Condition, Item, Table } from '../table.ts';
import { unfinishedExpiresAtS } from './expiry.ts';
import { copyKey, refOfText, refText } from './keys.ts';

// A copy is one item, `copy`. Its imports are a set of strings, so that each joins and leaves by itself, in one write
// that also tells who else is there. What is known of row 3 are attributes `row3…`: rows write beside each other.

/** Attributes of a row: its lease, how far it is, and what advance() compares with. */
export const rowNames = (row: number) => ({
  attempt: `row${row}Attempt`,
  leaseUntil: `row${row}LeaseUntil`,
  next: `row${row}Next`,
  copied: `row${row}Copied`,
  storedBefore: `row${row}StoredBefore`,
  storedBy: `row${row}StoredBy`,
});

export const elementOf = (ref: ImportRef): ReadonlySet<string> => new Set([refText(ref)]);

/** Without it an update would make a copy of one that was removed. */
export const isThere = 'attribute_exists(subject)';
/** For writes that are refused where it ends or has failed: they remove both, so that they do not pass for written then. */
export const stillWanted = { isEnding: undefined, failure: undefined };
export const nobodyWaits = 'attribute_not_exists(waiting)';
export const isNotEnding = 'attribute_not_exists(isEnding)';
export const hasNotFailed = 'attribute_not_exists(failure)';

/** Rows that somebody has begun; row 0 is the copy as a whole. */
const rowsOf = (item: Item): ReadonlyMap<number, RowState> => {
  const begun = Object.keys(item).flatMap(
    (name) => /^row([1-9]\d*)(?:Next|LeaseUntil)$/.exec(name)?.[1] ?? [],
  );
  return new Map(
    [...new Set(begun.map(Number))].map((row) => {
      const { next, copied } = rowNames(row);
      return [row, { next: Number(item[next] ?? row), copied: Number(item[copied] ?? 0) }];
    }),
  );
};

const attributesOfCopies = [
  ...(['copyId', 'generation', 'projectId', 'begunBy', 'identity', 'createdAt', 'updatedAt'] as const),
  ...(['name', 'size', 'hashes'] as const),
  ...(['uploadsLost', 'uploadId', 'plan', 'copied', 'stored', 'verification', 'transferred'] as const),
  ...(['failure', 'lastFailure', 'isEnding', 'keptUntil'] as const),
];

export const copyOf = (item: Item): Copy => {
  const waiting = item['waiting'] as ReadonlySet<string> | undefined;
  const attributes = attributesOfCopies.flatMap((name) =>
    item[name] === undefined ? [] : [[name, item[name]]],
  );
  return {
    ...Object.fromEntries(attributes),
    waiting: [...(waiting ?? [])].sort().map(refOfText),
    rows: rowsOf(item),
  };
};

/** Until when one of its rows is at work, ms since 1970; 0 for none. */
export const lastLeaseOf = (item: Item): number =>
  Math.max(
    0,
    ...Object.keys(item)
      .filter((name) => /^row\d+LeaseUntil$/.test(name))
      .map((name) => Number(item[name])),
  );

/** The row is this attempt's. */
export const isAt = ({ row }: RowRef, attempt: string, and = ''): Condition => ({
  expression: `${rowNames(row).attempt} = :attempt${and}`,
  values: { ':attempt': attempt },
});

export const isOf = ({ generation }: Making, and = ''): Condition => ({
  expression: `generation = :generation${and}`,
  values: { ':generation': generation },
});

/** What every sign of life sets. */
export const alive = () => ({
  updatedAt: glanceTime(new Date()),
  expiresAtS: unfinishedExpiresAtS(),
});

/** @returns the copy as it is then; undefined when the condition does not hold, whatever the reason */
export const changeCopy = async (
  table: Table,
  copyId: CopyId,
  changes: Changes,
  condition: Condition,
): Promise<Copy | undefined> => {
  const item = await table.change(copyKey(copyId), changes, condition);
  return item && copyOf(item);
};

export const readCopy = async (table: Table, copyId: CopyId): Promise<Copy | undefined> => {
  const item = await table.get(copyKey(copyId));
  return item && copyOf(item);
};
