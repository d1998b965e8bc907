import type { Condition, Key, Table } from '../table.ts';

/** Leases.advance of any item. @param held whether the work is the attempt's */
export const advance = async (
  table: Table,
  key: Key,
  held: Condition,
  { attempt, stored }: { readonly attempt: string; readonly stored: number },
  { storedBefore, storedBy } = { storedBefore: 'storedBefore', storedBy: 'storedBy' },
): Promise<boolean> => {
  const set = { [storedBefore]: stored, [storedBy]: attempt };
  const values = { ...held.values, ':stored': stored };
  const keepIf = (and: string) =>
    table.update(key, set, { expression: `${held.expression} AND ${and}`, values });
  if (await keepIf(`(attribute_not_exists(${storedBefore}) OR ${storedBefore} < :stored)`)) return true;
  await keepIf(`:stored < ${storedBefore}`);
  return false;
};
