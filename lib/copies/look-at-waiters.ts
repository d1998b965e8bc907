import { asFerryError, hasCode } from '../errors.ts';
import type { Copy } from '../state/copy.ts';
import type { ImportRef, RowRef } from '../state/refs.ts';
import { verdictsNeeded } from '../steps/heartbeat.ts';
import type { CopyServices } from './record/services.ts';

interface Options {
  readonly signal: AbortSignal;
}

/** Seconds in which each has its turn: a quarter of the time that its claim is good for, since a beat may be missed. */
const roundS = 1800;

/** As many for each beat as a round needs, in turn, and others for each row that is at work. */
const turnsOf = (
  waiting: readonly ImportRef[],
  heartbeatS: number,
  { row }: RowRef,
): readonly ImportRef[] => {
  const beat = Math.floor(Date.now() / (heartbeatS * 1000));
  const count = Math.ceil((waiting.length * heartbeatS) / roundS);
  const first = ((beat + row) * count) % Math.max(1, waiting.length);
  return [...waiting, ...waiting].slice(first, first + count);
};

/**
 * A look at those who wait, at some of them at each heartbeat: it keeps an import's claim on its target, and ends one whose
 * target is gone or takes no data any more, while the copy goes on for the others. What cannot be looked at is no reason to
 * end.
 */
export const createLookAtWaiters = ({
  copies,
  waiters,
  heartbeatS,
}: Pick<CopyServices, 'copies' | 'waiters' | 'heartbeatS'>) => {
  const verdicts = new Map<string, number>();

  const lookAt = async (one: ImportRef, ref: RowRef, options: Options): Promise<void> => {
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

  return async (copy: Copy, ref: RowRef, options: Options): Promise<void> => {
    const waiting = (await copies.get(copy.copyId))?.waiting ?? [];
    await Promise.all(turnsOf(waiting, heartbeatS, ref).map((one) => lookAt(one, ref, options)));
  };
};
