import type { ClaimView, Leftover, Remains, StoreSweep } from '../../state/remains.ts';
import type { Item, Key, Table } from '../table.ts';
import { copyOf } from './copy-item.ts';
import { type Named, namedBy } from './keys.ts';
import { taskOf } from './tasks.ts';

type Gathered = { -readonly [Kind in keyof Remains]: Remains[Kind][number][] };

const keyOf = ({ subject, item }: Item): Key => ({ subject: String(subject), item: String(item) });

/** Of a large copy there are ten thousand items, and tasks have properties: only what the rules look at is kept. */
const taskGist = (item: Item): Remains['tasks'][number] => {
  const { region, imageId, taskId, status, updatedAt, revivals, ending, copyId } = taskOf(item);
  return {
    ...{ region, imageId, taskId, status, updatedAt },
    ...(revivals !== undefined && { revivals }),
    ...(ending && { ending }),
    ...(copyId && { copyId }),
  };
};

const claimView = (item: Item, { region, imageId }: Extract<Named, { kind: 'claim' }>): ClaimView => ({
  region,
  imageId,
  taskId: String(item['taskId']) as ClaimView['taskId'],
  staleAt: Number(item['staleAt']),
  isEnding: item['ending'] !== undefined,
});

const leftover = (item: Item, named: Extract<Named, { kind: 'part' | 'seat' }>): Leftover => ({
  name: JSON.stringify(keyOf(item)),
  copyId: named.kind === 'part' ? named.copyId : undefined,
  generation: named.kind === 'part' ? named.generation : undefined,
  deadSinceMs: named.kind === 'seat' ? Number(item['leaseUntil']) : undefined,
});

const gather = (remains: Gathered, item: Item): void => {
  const named = namedBy(keyOf(item));
  if (named?.kind === 'task') remains.tasks.push(taskGist(item));
  else if (named?.kind === 'claim') remains.claims.push(claimView(item, named));
  else if (named?.kind === 'copy') remains.copies.push(copyOf(item));
  else if (named) remains.leftovers.push(leftover(item, named));
};

export const createStoreSweep = (table: Table): StoreSweep => ({
  look: async () => {
    const remains: Gathered = { tasks: [], claims: [], copies: [], leftovers: [] };
    for await (const page of table.scan()) for (const item of page) gather(remains, item);
    return remains;
  },
  forget: async ({ name, deadSinceMs }) => {
    const key = JSON.parse(name) as Key;
    // A seat may have been taken again since.
    const values = { ':since': deadSinceMs };
    const condition = { expression: 'leaseUntil = :since', values };
    await table.remove(key, deadSinceMs === undefined ? undefined : condition);
  },
});
