import { callsOf } from './call-faults.ts';
import { nameOf } from './call-log.ts';
import { type Plan, pass } from './context.ts';
import type { ImportUnderTest } from './imports-under-test.ts';
import type { Case, Outcome } from './one-run.ts';
import type { OwnerChange } from './owner-change.ts';
import { sourceChanges } from './source-owner.ts';
import { targetChanges } from './target-owner.ts';

/** A web-download has no source with an owner. */
export const changesOf = ({ name }: ImportUnderTest): readonly OwnerChange[] =>
  [...targetChanges, ...sourceChanges].filter(
    ({ seenBy }) => seenBy.includes('target') || !name.startsWith('web-download'),
  );

/** Before each call that can see the change: what happens between two of them looks the same to all. */
export const changesAtEveryMoment = (outcome: Outcome): Case[] => {
  const { kind } = outcome.one;
  return callsOf(outcome).flatMap((call) =>
    changesOf(kind)
      .filter(({ seenBy }) => seenBy.includes(call.service))
      .map((change): Case => {
        const at = nameOf(call);
        return {
          ...{ group: `${kind.name}: its owner changes it`, kind, ends: change.ends },
          name: `owner: ${change.name}, seen by ${at}`,
          plan: ([prepared], deployment): Plan => ({
            fateOf: (made) => {
              if (nameOf(made) === at) change.make(prepared, deployment);
              return pass;
            },
          }),
        };
      }),
  );
};
