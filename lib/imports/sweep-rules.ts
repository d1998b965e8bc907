import type { Item } from '../aws/table.ts';
import type { ImageId, TaskId } from '../schemas/ids.ts';
import { hasEnded, objectKey, objectsPrefix, type Task, type TaskKey } from './task.ts';

/** All that lies about: the table's items, and the relay's keys, which were listed before them. */
export interface Inventory {
  readonly items: readonly Item[];
  /** Since when each is there, as far as the store tells. */
  readonly relayKeys: ReadonlyMap<string, Date | undefined>;
  /** Before anything was listed, ms since 1970. */
  readonly nowMs: number;
}

/** What is to be done about something that nobody else takes care of. */
export type Sweep =
  /** A new message for an import without a sign of life: to go on, or to be ended. */
  | {
      readonly kind: 'send';
      readonly to: 'stream-image' | 'fail-import';
      readonly key: TaskKey;
      readonly times: number;
      /** What the import is to say of its end, where no step has said more. */
      readonly failure?: string;
    }
  /** A claim of no import. */
  | {
      readonly kind: 'release';
      readonly imageId: ImageId;
      readonly taskId: TaskId;
      readonly staleBeforeMs: number;
    }
  /** An item of the copy of no import, or a seat of no attempt. */
  | { readonly kind: 'forget'; readonly imageId: ImageId; readonly item: string }
  /** An upload or object of no import. */
  | { readonly kind: 'clear'; readonly key: string };

const hour = 3_600_000; // ms
/** A message may wait in a queue, and a dead letter be on its way, for so long without being lost. */
const silentAfter = 6 * hour;
/** An import without a claim does not wait for anything. */
const lostAfter = hour;
/** A claim is stale a minute after a request has died, by clocks that may be ten apart. */
const claimStaleFor = hour / 4;
/** What lies in the bucket may be another deployment's, whose table this is not: no copy of one takes so long. */
const leftAfter = 7 * 24 * hour;
/** Messages that an import gets to go on, and to be ended: SQS keeps its own for days, so a long queue is no silence. */
const mostToGoOn = 16;
const mostToEnd = 32;

interface Claim {
  readonly taskId: TaskId;
  readonly staleAt: number;
  readonly ending?: string;
}

/** Glance's form has no zone; it is UTC. */
const ageOf = ({ updatedAt }: Task, nowMs: number): number => nowMs - Date.parse(`${updatedAt}Z`);

const lostMessages =
  'No step of this import gave a sign of life for hours: its messages were lost, or their function died each time';

const sweepTask = (task: Task, claim: Claim | undefined, nowMs: number): readonly Sweep[] => {
  const { imageId, id, revivals = 0 } = task;
  const isHeld = claim?.taskId === id;
  const limit = isHeld ? silentAfter : lostAfter;
  const isAlive = isHeld && nowMs - claim.staleAt < limit;
  if (hasEnded(task) || isAlive || ageOf(task, nowMs) < limit || revivals >= mostToEnd) return [];
  const mayGoOn = isHeld && claim.ending === undefined && !task.ending && revivals < mostToGoOn;
  const to = mayGoOn ? 'stream-image' : 'fail-import';
  const isUntold = to === 'fail-import' && claim?.ending === undefined && !task.ending && !task.failure;
  const failure = isUntold ? { failure: lostMessages } : {};
  return [{ kind: 'send', to, key: { imageId, id }, times: revivals + 1, ...failure }];
};

/** `imports/<task>`: nothing else there is ours. */
const isRelayKey = (key: string): boolean =>
  key.startsWith(objectsPrefix) && /^[0-9a-f-]{36}$/.test(key.slice(objectsPrefix.length));

/** `part#<task>#<number>`, `segment#<task>#<number>`. */
const copiedBy = (item: string): string | undefined => {
  const [kind, taskId] = item.split('#');
  return kind === 'part' || kind === 'segment' ? taskId : undefined;
};

/** A seat whose attempt has died, and which no other of its project has taken since (seats.ts). */
const isDeadSeat = ({ item, leaseUntil }: Item, nowMs: number): boolean =>
  String(item).startsWith('seat#') && Number(leaseUntil) < nowMs - hour;

/**
 * What is left where even the messages are gone, and what to do about it. Everything that belongs to an import that
 * runs is left alone, and so is everything that is not ours.
 */
export const planSweep = ({ items, relayKeys, nowMs }: Inventory): readonly Sweep[] => {
  const nameOf = (item: Item): string => String(item['item']);
  const tasks = items.filter((item) => nameOf(item).startsWith('task#')) as unknown as readonly Task[];
  const claims = items.filter((item) => nameOf(item) === 'claim') as unknown as readonly (Claim & TaskKey)[];
  const running = new Set<string>(tasks.filter((task) => !hasEnded(task)).map(({ id }) => id));
  const runningKeys = new Set(tasks.filter(({ id }) => running.has(id)).map(objectKey));
  const claimOf = new Map(claims.map((claim) => [claim.imageId, claim]));
  const ended = new Set(tasks.filter(hasEnded).map(objectKey));
  const staleBeforeMs = nowMs - claimStaleFor;
  /** Of an import that this table has seen the end of, or long since there. */
  const isLeft = (key: string, since: Date | undefined): boolean =>
    ended.has(key) || (since !== undefined && nowMs - since.getTime() > leftAfter);
  const isOfNone = (taskId: string | undefined): boolean => taskId !== undefined && !running.has(taskId);
  return [
    ...tasks.flatMap((task) => sweepTask(task, claimOf.get(task.imageId), nowMs)),
    ...claims
      .filter(({ taskId, staleAt }) => isOfNone(taskId) && staleAt < staleBeforeMs)
      .map(({ imageId, taskId }) => ({ kind: 'release', imageId, taskId, staleBeforeMs }) as const),
    ...items
      .filter((item) => isOfNone(copiedBy(nameOf(item))))
      .map((item) => ({ kind: 'forget', imageId: item['imageId'] as ImageId, item: nameOf(item) }) as const),
    ...items
      .filter((item) => isDeadSeat(item, nowMs))
      .map((item) => ({ kind: 'forget', imageId: item['imageId'] as ImageId, item: nameOf(item) }) as const),
    ...[...relayKeys]
      .filter(([key, since]) => isRelayKey(key) && !runningKeys.has(key) && isLeft(key, since))
      .map(([key]) => ({ kind: 'clear', key }) as const),
  ];
};
