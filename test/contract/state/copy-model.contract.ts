import fc from 'fast-check';
import { beforeEach, expect, test, vi } from 'vitest';
import { type AttemptId, newAttemptId, newGeneration } from '../../../lib/schemas/ids.ts';
import type { Copies } from '../../../lib/state/copies.ts';
import type { ImportRef } from '../../../lib/state/refs.ts';
import { createCopyModel } from './copy-model.ts';
import { hour, newCopy, newCopyId, newImport } from './fixtures.ts';
import { leaseMs, type StateStore } from './store.ts';

const transferred = { size: 5, digests: { sha512: 'ab' } };

/** One thing that somebody does, with what it may need. */
const deed = fc.record({
  kind: fc.constantFrom(
    ...(['create', 'join', 'join', 'leave', 'leave', 'keep', 'begin', 'begin', 'renew', 'pause'] as const),
    ...(['saveRow', 'saveRow', 'transfer', 'fail', 'endUnwanted', 'isAtRest', 'remove', 'pass'] as const),
  ),
  who: fc.nat(8),
  row: fc.nat(2),
  /** Which of the attempts so far, the last one first. */
  attempt: fc.nat(3),
  passedMs: fc.constantFrom(1, leaseMs, leaseMs + 1, hour),
});
type Deed = typeof deed extends fc.Arbitrary<infer T> ? T : never;

/** What one sees of a copy whose times and imports are the model's. */
const seen = (refs: readonly ImportRef[], waiting: Iterable<ImportRef>): readonly number[] =>
  [...waiting].map(({ taskId }) => refs.findIndex((ref) => ref.taskId === taskId)).sort();

/** Whatever is done to a copy, in whatever order, does what the model says. */
export const copyModelContract = (storeOf: () => StateStore): void => {
  let copies: Copies;
  beforeEach(() => {
    copies = storeOf().open().copies;
  });

  /** Does the same to the store and to the model. @returns both answers */
  const run = (refs: readonly ImportRef[]) => {
    const copyId = newCopyId();
    const model = createCopyModel(Date.now);
    const attempts: AttemptId[] = [];
    const begun = (): AttemptId => {
      const attempt = newAttemptId();
      attempts.unshift(attempt);
      return attempt;
    };

    const doIt = async ({ kind, who, row, attempt: nth, passedMs }: Deed): Promise<[unknown, unknown]> => {
      const ref = refs[who] ?? expect.fail('nobody');
      const at = { copyId, row };
      const attempt = attempts[nth] ?? newAttemptId();
      const state = { next: who, copied: passedMs };
      const failure = { reason: `${who}`, code: 'not-found' } as const;
      switch (kind) {
        case 'create': {
          const [copy, own] = [newCopy(copyId), begun()];
          return [await copies.create(copy, ref, own), model.create(copy.generation, ref, own)];
        }
        case 'join':
          return [(await copies.join(copyId, ref)) !== undefined, model.join(ref)];
        case 'leave':
          return [(await copies.leave(copyId, ref, 0)).state, model.leave(ref, 0)];
        case 'keep':
          return [(await copies.leave(copyId, ref, hour)).state, model.leave(ref, hour)];
        case 'begin': {
          const own = begun();
          return [await copies.begin(at, own), model.begin(row, own)];
        }
        case 'renew':
          return [await copies.renew(at, attempt), model.renew(row, attempt)];
        case 'pause':
          return [await copies.pause(at, attempt), model.pause(row, attempt)];
        case 'saveRow': {
          const saved = await copies.saveRow(at, attempt, state);
          return [saved !== undefined, model.saveRow(row, attempt, state)];
        }
        case 'transfer': {
          const updated = await copies.update(at, attempt, { transferred });
          return [updated !== undefined, model.transfer(row, attempt, transferred)];
        }
        case 'fail': {
          model.fail(failure);
          const generation = model.copy()?.generation ?? newGeneration();
          return [(await copies.fail({ copyId, generation }, failure))?.failure, model.copy()?.failure];
        }
        case 'endUnwanted':
          return [(await copies.endUnwanted(copyId, Date.now())) !== undefined, model.endUnwanted()];
        case 'isAtRest':
          return [await copies.isAtRest(copyId), model.isAtRest()];
        case 'remove': {
          const made = model.copy();
          if (made?.isEnding) await copies.remove({ copyId, generation: made.generation });
          if (made?.isEnding) model.remove();
          return [undefined, undefined];
        }
        case 'pass':
          vi.setSystemTime(Date.now() + passedMs);
          return [undefined, undefined];
      }
    };

    const isTheSame = async (): Promise<void> => {
      const [copy, made] = [await copies.get(copyId), model.copy()];
      expect(copy?.generation).toBe(made?.generation);
      expect(seen(refs, copy?.waiting ?? [])).toEqual(seen(refs, made?.waiting ?? []));
      for (const name of ['failure', 'transferred', 'isEnding', 'keptUntil'] as const)
        expect(copy?.[name]).toEqual(made?.[name]);
      expect(copy?.rows).toEqual(made?.rows);
    };
    return { doIt, isTheSame };
  };

  test('a copy does what its model does', async () => {
    const refs = Array.from({ length: 9 }, () => newImport());
    const property = fc.asyncProperty(fc.array(deed, { minLength: 20, maxLength: 60 }), async (deeds) => {
      const { doIt, isTheSame } = run(refs);
      await doIt({ kind: 'create', who: 0, row: 0, attempt: 0, passedMs: 1 });
      for (const one of deeds) {
        const [answer, expected] = await doIt(one);
        expect(answer).toEqual(expected);
        await isTheSame();
      }
    });
    await fc.assert(property, { numRuns: 15 });
  });
};
