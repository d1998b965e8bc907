import { logOfCopy } from '../../log.ts';
import type { Copies } from '../../state/copies.ts';
import type { Copy, CopyFailure } from '../../state/copy.ts';
import type { CopyMessage } from '../../state/messages.ts';
import { type Making, type RowRef, wholeCopy } from '../../state/refs.ts';
import type { Tasks } from '../../state/tasks.ts';
import { done, type Outcome } from '../../steps/outcome.ts';
import type { Step } from '../../steps/step.ts';
import { isRowDone, planOfRow, rowOf } from '../record/rows.ts';
import { handOn, wakeCopy } from './hand-on.ts';

/** Of an import, or a copy, that no function has said anything of. */
export const unknownReason = 'The function that worked on the import ended without a word, several times';

const unknownFailure: CopyFailure = { reason: unknownReason, code: 'internal' };

export interface FailCopyServices {
  readonly copies: Pick<Copies, 'fail'>;
  readonly tasks: Pick<Tasks, 'fail'>;
}

/**
 * A copy has failed for good, unless it has come to its end before, or has begun anew since: its first reason stays, and
 * all who wait fail with it. Each has it in its task before it is notified: a message of its own that comes again may find
 * a source that has changed, and take the import to another copy, which knows nothing of this one's end. May run twice or
 * die anywhere.
 * @param by.isByImport whether the run's own message may be an import's: then the copy's own notifies several, see wakeCopy
 */
export const failCopy = async (
  { copies, tasks }: FailCopyServices,
  copy: Making,
  failure: CopyFailure,
  { isByImport = false }: { readonly isByImport?: boolean } = {},
): Promise<Outcome> => {
  const failed = await copies.fail(copy, failure);
  if (!failed) return done;
  if (isByImport && failed.waiting.length > 1) return wakeCopy(failed);
  if (!failed.failure) return handOn(failed, 'apply-metadata');
  const { reason: explanation, code } = failed.failure;
  for (const ref of failed.waiting) await tasks.fail(ref, { explanation, code });
  return handOn(failed, 'fail-import');
};

/** A row that another message has brought to its end: rows may have two, and the dead letter of one says nothing then. */
const isPast = (copy: Copy, { row }: RowRef): boolean => {
  const plan = planOfRow(copy, row);
  return row !== wholeCopy && (!plan || isRowDone(rowOf(copy, row), plan));
};

/**
 * The step `fail-import` of a copy: what no try at one of its rows has brought to an end comes as a dead letter. It has
 * failed by what its last try has said.
 */
export const createFailCopy = ({
  copies,
  tasks,
}: FailCopyServices & { readonly copies: Copies }): Step<RowRef, Copy, CopyMessage> => ({
  leases: copies,
  refOf: ({ copyId, row = wholeCopy }) => ({ copyId, row }),
  load: ({ copyId }) => copies.get(copyId),
  logOf: logOfCopy,
  run: async ({ subject, ref }) =>
    isPast(subject, ref)
      ? done
      : await failCopy({ copies, tasks }, subject, subject.lastFailure ?? unknownFailure),
  failed: () => 'retry',
});
