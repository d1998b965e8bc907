import type { ErrorCode } from '../../../errors.ts';
import { msOf, type Task } from '../../../state/task.ts';

/** An import that a record has had. */
export type PastImport = Pick<Task, 'status' | 'message' | 'updatedAt' | 'failureCode'>;

/** What a routine does about a record whose imports have failed. */
export type Lesson =
  | { readonly kind: 'begin' }
  /** Later. */
  | { readonly kind: 'pause'; readonly reason: string }
  /** Not until somebody asks. */
  | { readonly kind: 'never'; readonly reason: string };

/**
 * Somebody has decided it, or the same bytes would come to the same end. Not `bad-request`: what a source refuses may be a
 * credential that is being replaced, or an image that is deactivated for an hour.
 */
const final: ReadonlySet<ErrorCode | undefined> = new Set(['cancelled', 'data-mismatch']);

const hourMs = 3_600_000;
const longestPauseMs = 24 * hourMs;

/** ms. The first failure may have been chance; then 2, 4, 8, … hours. Task records are kept for 48. */
const pauseAfter = (failures: number): number =>
  failures < 2 ? 0 : Math.min(longestPauseMs, hourMs * 2 ** (failures - 1));

/**
 * Whether a routine is to begin another import.
 * @param past oldest first, none that runs
 * @param nowMs ms since 1970
 */
export const lessonOf = (past: readonly PastImport[], nowMs: number): Lesson => {
  const last = past.at(-1);
  if (last?.status !== 'failure') return { kind: 'begin' };
  const reason = `its last import has failed: ${last.message}`;
  if (final.has(last.failureCode)) return { kind: 'never', reason };
  const failures = past.length - 1 - past.findLastIndex(({ status }) => status !== 'failure');
  const isDue = nowMs - msOf(last.updatedAt) >= pauseAfter(failures);
  return isDue ? { kind: 'begin' } : { kind: 'pause', reason };
};
