import type { Copy } from '../../state/copy.ts';
import { type Sending, type StepName, toCopy } from '../../state/messages.ts';
import { importRef } from '../../state/refs.ts';
import { type Outcome, send } from '../../steps/outcome.ts';

/** A message to a step for each import that waits. */
export const toAllWaiting = ({ waiting }: Pick<Copy, 'waiting'>, to: StepName): readonly Sending[] =>
  waiting.map((ref) => ({ to, message: importRef(ref) }));

/** Hands on to each import that waits: it takes its next step. One that joins later sees that the copy is finished. */
export const handOn = (copy: Pick<Copy, 'waiting'>, to: StepName): Outcome => send(...toAllWaiting(copy, to));

/**
 * Wakes the copy: its own message, redelivered until all are served, hands on to every import that waits. An import's
 * message, by which this run may be at work, would find that import ended as soon as it was served.
 */
export const wakeCopy = ({ copyId }: Pick<Copy, 'copyId'>): Outcome => send(toCopy({ copyId }));

/** Hands on to a single waiting import at once; several are left to the copy's own message, see wakeCopy. */
export const handOnOrWake = (copy: Pick<Copy, 'copyId' | 'waiting'>, to: StepName): Outcome =>
  copy.waiting.length > 1 ? wakeCopy(copy) : handOn(copy, to);
