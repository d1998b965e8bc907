import type { Leases } from '../../state/leases.ts';
import type { RowRef } from '../../state/refs.ts';
import type { Table } from '../table.ts';
import { advance } from './advance.ts';
import {
  alive,
  changeCopy,
  hasNotFailed,
  isAt,
  isNotEnding,
  isThere,
  readCopy,
  rowNames,
  stillWanted,
} from './copy-item.ts';
import { copyKey } from './keys.ts';

/** Leases of the rows of a copy, in the copy's own item: what ends the copy ends them all. */
export const createRowLeases = (table: Table, { leaseMs }: { readonly leaseMs: number }): Leases<RowRef> => {
  const leased = ({ row }: RowRef, attempt: string) => ({
    set: { [rowNames(row).attempt]: attempt, [rowNames(row).leaseUntil]: Date.now() + leaseMs },
    touch: alive(),
  });

  return {
    leaseMs,
    begin: async (ref, attempt) => {
      const { leaseUntil } = rowNames(ref.row);
      const isFree = `(attribute_not_exists(${leaseUntil}) OR ${leaseUntil} < :now)`;
      const expression = `${isThere} AND ${isNotEnding} AND ${isFree}`;
      const condition = { expression, values: { ':now': Date.now() } };
      if (await changeCopy(table, ref.copyId, leased(ref, attempt), condition)) return 'mine';
      const copy = await readCopy(table, ref.copyId);
      return copy && !copy.isEnding ? 'live' : 'lost';
    },
    renew: async (ref, attempt) => {
      const condition = isAt(ref, attempt, ` AND ${isNotEnding} AND ${hasNotFailed}`);
      const { set, touch } = leased(ref, attempt);
      const changes = { set: { ...set, ...stillWanted }, touch };
      return (await changeCopy(table, ref.copyId, changes, condition)) !== undefined;
    },
    advance: (ref, attempt, stored) =>
      advance(table, copyKey(ref.copyId), isAt(ref, attempt), { attempt, stored }, rowNames(ref.row)),
    // Without its attempt a heartbeat that comes late finds nothing to renew.
    pause: async (ref, attempt) => {
      const names = rowNames(ref.row);
      const set = { [names.leaseUntil]: 0, [names.attempt]: undefined };
      await changeCopy(table, ref.copyId, { set, touch: alive() }, isAt(ref, attempt));
    },
  };
};
