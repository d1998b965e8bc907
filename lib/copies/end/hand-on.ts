import type { Copy } from '../../state/copy.ts';
import type { Sending, StepName } from '../../state/messages.ts';
import { importRef } from '../../state/refs.ts';
import { type Outcome, send } from '../../steps/outcome.ts';

/** A message to a step for each import that waits. */
export const toAllWaiting = ({ waiting }: Pick<Copy, 'waiting'>, to: StepName): readonly Sending[] =>
  waiting.map((ref) => ({ to, message: importRef(ref) }));

/**
 * Has a message of the copy's own tell those who wait. It comes again until all are told; one of an import's, by which
 * this run may be at work, would find its import ended as soon as that one was told.
 */
export const tellAll = ({ copyId }: Pick<Copy, 'copyId'>): Outcome =>
  send({ to: 'stream-image', message: { copyId } });

/** As handOn, for a run that has brought the copy to its end. */
export const handOnFirst = (copy: Pick<Copy, 'copyId' | 'waiting'>, to: StepName): Outcome =>
  copy.waiting.length > 1 ? tellAll(copy) : handOn(copy, to);

/** Each import that waits takes its next step. Who joins later sees by himself that a copy is finished. */
export const handOn = (copy: Pick<Copy, 'waiting'>, to: StepName): Outcome => send(...toAllWaiting(copy, to));
