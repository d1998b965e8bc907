import type { Copy } from '../../state/copy.ts';
import type { Sending, StepName } from '../../state/messages.ts';
import { importRef } from '../../state/refs.ts';
import { type Outcome, send } from '../../steps/outcome.ts';

/** A message to a step for each import that waits. */
export const toAllWaiting = ({ waiting }: Pick<Copy, 'waiting'>, to: StepName): readonly Sending[] =>
  waiting.map((ref) => ({ to, message: importRef(ref) }));

/** Each import that waits takes its next step. Who joins later sees by himself that a copy is finished. */
export const handOn = (copy: Pick<Copy, 'waiting'>, to: StepName): Outcome => send(...toAllWaiting(copy, to));
