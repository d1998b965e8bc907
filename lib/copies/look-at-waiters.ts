import { asFerryError, hasCode } from '../errors.ts';
import type { Copy } from '../state/copy.ts';
import type { ImportRef, RowRef } from '../state/refs.ts';
import { verdictsNeeded } from '../steps/heartbeat.ts';
import type { CopyServices } from './record/services.ts';

/** One for each beat, in turn, and another one for each row that is at work. */
const turnOf = (waiting: readonly ImportRef[], beat: number, { row }: RowRef): ImportRef | undefined =>
  waiting[(beat + row) % Math.max(1, waiting.length)];

/**
 * A look at those who wait, one at each heartbeat: it keeps an import's claim on its target, and ends one whose target is
 * gone or takes no data any more, while the copy goes on for the others. What cannot be looked at is no reason to end.
 */
export const createLookAtWaiters = ({
  copies,
  waiters,
  heartbeatS,
}: Pick<CopyServices, 'copies' | 'waiters' | 'heartbeatS'>) => {
  const verdicts = new Map<string, number>();

  return async (copy: Copy, ref: RowRef, options: { readonly signal: AbortSignal }): Promise<void> => {
    const waiting = (await copies.get(copy.copyId))?.waiting ?? [];
    const beat = Math.floor(Date.now() / (heartbeatS * 1000));
    const one = turnOf(waiting, beat, ref);
    if (!one) return;
    // Rows of one process may look at the same one at the same moment, and meet the same replica.
    const look = `${ref.row} ${one.taskId}`;
    try {
      await waiters.keep(one, options);
      verdicts.delete(look);
    } catch (error) {
      if (!hasCode(error, 'not-found', 'conflict')) return;
      const found = (verdicts.get(look) ?? 0) + 1;
      verdicts.set(look, found);
      if (found < verdictsNeeded) return;
      verdicts.delete(look);
      await waiters.fail(one, asFerryError(error));
    }
  };
};
