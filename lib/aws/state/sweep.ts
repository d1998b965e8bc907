import type { Making } from '../../state/refs.ts';
import type { ClaimView, Remains, StoreSweep } from '../../state/remains.ts';
import type { Item, Key, Table } from '../table.ts';
import { copyOf } from './copy-item.ts';
import { type Named, namedBy } from './keys.ts';
import { taskOf } from './tasks.ts';

type Gathered = { -readonly [Kind in keyof Remains]: Remains[Kind][number][] };

const keyOf = ({ subject, item }: Item): Key => ({ subject: String(subject), item: String(item) });

/** Of a large copy there are ten thousand items, and tasks have properties: only what the rules look at is kept. */
const taskGist = (item: Item): Remains['tasks'][number] => {
  const { region, imageId, taskId, status, updatedAt, ...more } = taskOf(item);
  const { revivals, ending, copyId, failure } = more;
  return {
    ...{ region, imageId, taskId, status, updatedAt },
    ...(revivals !== undefined && { revivals }),
    ...(ending && { ending }),
    ...(copyId && { copyId }),
    ...(failure !== undefined && { failure }),
  };
};

const claimView = (item: Item, { region, imageId }: Extract<Named, { kind: 'claim' }>): ClaimView => ({
  region,
  imageId,
  taskId: String(item['taskId']) as ClaimView['taskId'],
  staleAt: Number(item['staleAt']),
  isEnding: item['ending'] !== undefined,
});

/** Each making once, whatever the number of its parts: they follow each other. */
const addMaking = (makings: Making[], { copyId, generation }: Making): void => {
  const last = makings.at(-1);
  if (last?.copyId !== copyId || last.generation !== generation) makings.push({ copyId, generation });
};

const gather = (remains: Gathered, item: Item): void => {
  const key = keyOf(item);
  const named = namedBy(key);
  if (named?.kind === 'task') remains.tasks.push(taskGist(item));
  if (named?.kind === 'claim') remains.claims.push(claimView(item, named));
  if (named?.kind === 'copy') remains.copies.push(copyOf(item));
  if (named?.kind === 'part') addMaking(remains.parts, named);
  if (named?.kind === 'seat')
    remains.seats.push({ name: JSON.stringify(key), sinceMs: Number(item['leaseUntil']) });
};

export const createStoreSweep = (table: Table): StoreSweep => ({
  look: async ({ signal }) => {
    const remains: Gathered = { tasks: [], claims: [], copies: [], parts: [], seats: [] };
    for await (const page of table.scan()) {
      signal.throwIfAborted();
      for (const item of page) gather(remains, item);
    }
    return remains;
  },
  forgetSeat: async ({ name, sinceMs }) => {
    const isThat = { expression: 'leaseUntil = :since', values: { ':since': sinceMs } };
    await table.remove(JSON.parse(name) as Key, isThat);
  },
});
