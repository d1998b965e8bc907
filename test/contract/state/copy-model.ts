import type { AttemptId, Generation } from '../../../lib/schemas/ids.ts';
import type { Left } from '../../../lib/state/copies.ts';
import type { CopyFailure, RowState, Transferred } from '../../../lib/state/copy.ts';
import type { Begun } from '../../../lib/state/leases.ts';
import type { ImportRef } from '../../../lib/state/refs.ts';
import { leaseMs } from './store.ts';

interface Made {
  readonly generation: Generation;
  readonly waiting: Set<ImportRef>;
  readonly leases: Map<number, { attempt: AttemptId | undefined; untilMs: number }>;
  readonly rows: Map<number, RowState>;
  failure?: CopyFailure;
  transferred?: Transferred;
  isEnding?: boolean;
  keptUntil?: number | undefined;
}

/** What becomes of one copy, without a store. */
export const createCopyModel = (now: () => number) => {
  let copy: Made | undefined;
  const isAt = (row: number, attempt: AttemptId): boolean =>
    copy?.leases.get(row)?.attempt === attempt && attempt !== undefined;
  const lease = (row: number, attempt: AttemptId) =>
    copy?.leases.set(row, { attempt, untilMs: now() + leaseMs });
  const isLive = ({ untilMs }: { untilMs: number }): boolean => untilMs >= now();

  return {
    copy: () => copy,
    create(generation: Generation, first: ImportRef, attempt: AttemptId): boolean {
      if (copy) return false;
      copy = { generation, waiting: new Set([first]), leases: new Map(), rows: new Map() };
      lease(0, attempt);
      return true;
    },
    join(ref: ImportRef): boolean {
      if (!copy || copy.isEnding || copy.failure) return false;
      copy.waiting.add(ref);
      copy.keptUntil = undefined;
      return true;
    },
    leave(ref: ImportRef, keepMs: number): Left['state'] {
      if (!copy) return 'gone';
      copy.waiting.delete(ref);
      if (copy.waiting.size > 0) return 'wanted';
      if (copy.isEnding) return 'ending';
      if (copy.transferred && keepMs > 0) {
        copy.keptUntil = now() + keepMs;
        return 'kept';
      }
      copy.isEnding = true;
      return 'ending';
    },
    endUnwanted(): boolean {
      if (!copy || copy.waiting.size > 0) return false;
      if (!copy.isEnding && (copy.keptUntil ?? 0) >= now()) return false;
      copy.isEnding = true;
      return true;
    },
    begin(row: number, attempt: AttemptId): Begun {
      if (!copy || copy.isEnding) return 'lost';
      const held = copy.leases.get(row);
      if (held && isLive(held)) return 'live';
      lease(row, attempt);
      if (row > 0 && !copy.rows.has(row)) copy.rows.set(row, { next: row, copied: 0 });
      return 'mine';
    },
    renew(row: number, attempt: AttemptId): boolean {
      if (!copy || copy.isEnding || copy.failure || !isAt(row, attempt)) return false;
      lease(row, attempt);
      return true;
    },
    pause(row: number, attempt: AttemptId): void {
      if (isAt(row, attempt)) copy?.leases.set(row, { attempt: undefined, untilMs: 0 });
    },
    saveRow(row: number, attempt: AttemptId, state: RowState): boolean {
      if (!isAt(row, attempt)) return false;
      if (row > 0) copy?.rows.set(row, state);
      return true;
    },
    transfer(row: number, attempt: AttemptId, transferred: Transferred): boolean {
      if (!copy || !isAt(row, attempt)) return false;
      copy.transferred = transferred;
      return true;
    },
    fail(failure: CopyFailure): void {
      if (copy && !copy.transferred) copy.failure ??= failure;
    },
    isAtRest: (): boolean => ![...(copy?.leases.values() ?? [])].some(isLive),
    remove(): void {
      copy = undefined;
    },
  };
};
