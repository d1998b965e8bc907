import { toAllWaiting } from '../../copies/end/hand-on.ts';
import { objectKey } from '../../copies/record/object-key.ts';
import { messagesToGoOn } from '../../copies/record/rows.ts';
import type { CopyId, Generation } from '../../schemas/ids.ts';
import type { Copy } from '../../state/copy.ts';
import { type Sending, toCopy } from '../../state/messages.ts';
import type { ImportRef, Making } from '../../state/refs.ts';
import { msOf } from '../../state/task.ts';
import { type Inventory, leftAfter, lostAfter, type SweepAction, silentAfter } from './sweep-action.ts';

export const silenceOf = ({ updatedAt }: { readonly updatedAt: string }, nowMs: number): number =>
  nowMs - msOf(updatedAt);

/** Whether a copy may still bring something to those who wait. */
export const isBeingMade = ({ transferred, failure, isEnding }: Copy): boolean =>
  !transferred && !failure && !isEnding;

/** Nobody waits: it is being cleared up, or is kept, or the last one has died while he left. */
const isOver = ({ isEnding, keptUntil }: Copy, silence: number, nowMs: number): boolean =>
  keptUntil !== undefined && !isEnding ? keptUntil < nowMs : silence > lostAfter;

/** What brings a silent copy to its end. A finished one needs nothing: its imports are looked after by themselves. */
const wakingMessages = (copy: Copy, waiting: readonly ImportRef[]): readonly Sending[] => {
  if (copy.failure) return toAllWaiting({ waiting }, 'fail-import');
  if (!isBeingMade(copy)) return [];
  return messagesToGoOn(copy).map(toCopy);
};

/** @param hasEnded of an import, also for one that nobody knows */
export const actionsForCopy = (
  copy: Copy,
  hasEnded: (ref: ImportRef) => boolean,
  nowMs: number,
): readonly SweepAction[] => {
  const { copyId, waiting } = copy;
  const silence = silenceOf(copy, nowMs);
  if (waiting.length === 0) return isOver(copy, silence, nowMs) ? [{ kind: 'end', copyId, nowMs }] : [];
  const leaves = waiting.filter(hasEnded).map((ref) => ({ kind: 'leave', copyId, ref }) as const);
  const left = waiting.filter((ref) => !hasEnded(ref));
  const messages = left.length > 0 && silence > silentAfter ? wakingMessages(copy, left) : [];
  return messages.length > 0 ? [...leaves, { kind: 'resume', copyId, messages }] : leaves;
};

/** `copies/<copyId>/<generation>`, as object-key.ts makes it. */
const relayKey = /^copies\/([0-9a-f]{64})\/([0-9a-f-]{36})$/;

/** @returns undefined for what is not ours */
const makingOf = (key: string): Making | undefined => {
  const [, copyId, generation] = relayKey.exec(key) ?? [];
  return copyId && generation
    ? { copyId: copyId as CopyId, generation: generation as Generation }
    : undefined;
};

/** What is left of no copy: such as this table has checkpoints of, and such as is in the relay for long. */
export const actionsForLeftovers = ({ remains, relayKeys, nowMs }: Inventory): readonly SweepAction[] => {
  const live = new Set(remains.copies.map(objectKey));
  const parts = remains.parts.filter((making) => !live.has(objectKey(making)));
  const known = new Set([...live, ...parts.map(objectKey)]);
  const isLeft = (key: string, since: Date | undefined): boolean =>
    !known.has(key) && since !== undefined && nowMs - since.getTime() > leftAfter;
  const objects = [...relayKeys].flatMap(([key, since]) => (isLeft(key, since) ? (makingOf(key) ?? []) : []));
  return [...parts, ...objects].map((making) => ({ kind: 'clear', making }));
};
