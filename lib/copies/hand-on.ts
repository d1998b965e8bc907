import type { Copy } from '../state/copy.ts';
import type { StepName } from '../state/messages.ts';
import { importRef } from '../state/refs.ts';
import { type Outcome, send } from '../steps/outcome.ts';

/** Each import that waits takes its next step. Who joins later sees by himself that a copy is finished. */
export const handOn = ({ waiting }: Pick<Copy, 'waiting'>, to: StepName): Outcome =>
  send(...waiting.map((ref) => ({ to, message: importRef(ref) })));
