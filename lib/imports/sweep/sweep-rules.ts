import type { Copy } from '../../state/copy.ts';
import { type ImportRef, importRef, type Target } from '../../state/refs.ts';
import type { ClaimView, Remains } from '../../state/remains.ts';
import { hasEnded } from '../../state/task.ts';
import { claimStaleFor, type Inventory, lostAfter, type SweepAction, silentAfter } from './sweep-action.ts';
import { actionsForCopy, actionsForLeftovers, isBeingMade, silenceOf } from './sweep-copies.ts';

/** Messages that an import gets to go on, and to be ended: SQS keeps its own for days, so a long queue is no silence. */
const mostToGoOn = 16;
const mostToEnd = 32;

const lostMessages =
  'No step of this import gave a sign of life for hours: its messages were lost, or their function died each time';

type TaskGist = Remains['tasks'][number];

/** What belongs to an import: the claim on its target, if it has that, and its copy. */
interface Belongings {
  readonly claim: ClaimView | undefined;
  readonly copy: Copy | undefined;
}

/** A copy at work, or in its queue, is a sign of life of all who wait for it. */
const isServed = ({ taskId }: ImportRef, copy: Copy | undefined, nowMs: number): boolean =>
  copy !== undefined &&
  isBeingMade(copy) &&
  silenceOf(copy, nowMs) < silentAfter &&
  copy.waiting.some((ref) => ref.taskId === taskId);

const actionsForTask = (
  task: TaskGist,
  { claim, copy }: Belongings,
  nowMs: number,
): readonly SweepAction[] => {
  const { taskId, revivals = 0 } = task;
  if (hasEnded(task) || revivals >= mostToEnd) return [];
  const isHeld = claim?.taskId === taskId;
  const limit = isHeld ? silentAfter : lostAfter;
  const isAlive = isHeld && (nowMs - claim.staleAt < limit || isServed(task, copy, nowMs));
  if (isAlive || silenceOf(task, nowMs) < limit) return [];
  const mayGoOn = isHeld && !claim.isEnding && !task.ending && revivals < mostToGoOn;
  const to = mayGoOn ? 'stream-image' : 'fail-import';
  const isUntold = !mayGoOn && !claim?.isEnding && !task.ending && task.failure === undefined;
  const failure = isUntold ? { failure: lostMessages } : {};
  return [{ kind: 'send', to, ref: importRef(task), times: revivals + 1, ...failure }];
};

/** A region's name may hold anything, an image's id may not. */
const nameOf = ({ region, imageId }: Target): string => `${imageId} ${region}`;

/**
 * What is left where even the messages are gone, and what to do about it. Everything that belongs to an import that
 * runs, or to a copy that somebody waits for, is left alone, and so is everything that is not ours.
 */
export const planSweep = (inventory: Inventory): readonly SweepAction[] => {
  const { remains, nowMs } = inventory;
  const { tasks, claims, copies, seats } = remains;
  const claimOf = new Map(claims.map((claim) => [nameOf(claim), claim]));
  const copyOf = new Map(copies.map((copy) => [copy.copyId, copy]));
  const running = new Set(tasks.filter((task) => !hasEnded(task)).map(({ taskId }) => taskId));
  const isOver = ({ taskId }: ImportRef): boolean => !running.has(taskId);
  const belongingsOf = (task: TaskGist): Belongings => ({
    claim: claimOf.get(nameOf(task)),
    copy: task.copyId && copyOf.get(task.copyId),
  });
  const staleBeforeMs = nowMs - claimStaleFor;
  return [
    ...tasks.flatMap((task) => actionsForTask(task, belongingsOf(task), nowMs)),
    ...claims
      .filter((claim) => isOver(claim) && claim.staleAt < staleBeforeMs)
      .map((claim) => ({ kind: 'release', ref: importRef(claim), staleBeforeMs }) as const),
    ...copies.flatMap((copy) => actionsForCopy(copy, isOver, nowMs)),
    ...actionsForLeftovers(inventory),
    ...seats
      .filter(({ sinceMs }) => sinceMs < nowMs - lostAfter)
      .map((seat) => ({ kind: 'forget', seat }) as const),
  ];
};
