import { claimLost } from '../../errors.ts';
import type { Copies } from '../../state/copies.ts';
import type { Copy, CopyChanges, StoredPart } from '../../state/copy.ts';
import type { RowRef } from '../../state/refs.ts';
import type { StepRun } from '../../steps/step.ts';

/** One run of a step at a copy, or at one of its rows. */
export interface CopyRun extends StepRun<RowRef, Copy> {
  /** Keeps the checkpoint of a part that the store has. */
  savePart(part: StoredPart): Promise<void>;
  /** @returns the copy as it is then. @throws FerryError `claim-lost` when this attempt is not at work any more */
  change(changes: CopyChanges): Promise<Copy>;
  /** Whether this run has brought anything that another one need not do again. */
  hasGotFurther(): boolean;
}

/** What an earlier try failed by is over where the copy takes its next step: a later dead letter has another reason. */
const forgottenBy = ({ plan, stored, transferred }: CopyChanges): CopyChanges =>
  plan || stored || transferred ? { lastFailure: undefined } : {};

export const createCopyRun = (copies: Copies, run: StepRun<RowRef, Copy>): CopyRun => {
  let stored = 0;
  return {
    ...run,
    savePart: async (part) => {
      await copies.savePart(run.subject, part);
      stored += 1;
    },
    change: async (changes) => {
      const changed = await copies.update(run.ref, run.attempt, { ...changes, ...forgottenBy(changes) });
      if (!changed) throw claimLost();
      if (changes.verification || changes.stored) stored += 1;
      return changed;
    },
    hasGotFurther: () => stored > 0,
  };
};
