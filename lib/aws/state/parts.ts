import type { Copies } from '../../state/copies.ts';
import type { StoredPart } from '../../state/copy.ts';
import type { Item, Table } from '../table.ts';
import { unfinishedExpiresAtS } from './expiry.ts';
import { copySubject, partItem, partPrefix } from './keys.ts';

const partOf = (item: Item): StoredPart => {
  const { number, etag, size, checksum } = item as unknown as StoredPart;
  return { number, etag, size, checksum };
};

/** Checkpoints, an item for each part: together they are larger than an item may be. */
export const createParts = (table: Table): Pick<Copies, 'parts' | 'savePart' | 'forgetParts'> => ({
  parts: async (copy, range) => {
    const subject = copySubject(copy.copyId);
    const items = range
      ? await table.queryBetween(subject, partItem(copy, range.firstPart), partItem(copy, range.lastPart))
      : await table.query(subject, partPrefix(copy));
    return new Map(items.map(partOf).map((part) => [part.number, part]));
  },
  savePart: async (copy, part) => {
    const key = { subject: copySubject(copy.copyId), item: partItem(copy, part.number) };
    await table.put(key, { ...part, expiresAtS: unfinishedExpiresAtS() });
  },
  forgetParts: async (copy, number) => {
    const subject = copySubject(copy.copyId);
    if (number !== undefined) return void (await table.remove({ subject, item: partItem(copy, number) }));
    const items = await table.query(subject, partPrefix(copy));
    await table.removeAll(
      subject,
      items.map(({ item }) => String(item)),
    );
  },
});
