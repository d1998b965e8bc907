import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import type { Copies } from '../../../lib/state/copies.ts';
import type { ImportRef } from '../../../lib/state/refs.ts';
import { newCopyId, newImport } from './fixtures.ts';
import { type Choose, interleave } from './interleave.ts';
import { type Act, come, createActors, leave, mostActors, waitedFor } from './races.ts';
import type { StateStore } from './store.ts';

const anyOrder = fc.array(fc.nat(1000), { minLength: 30, maxLength: 120 });
/** These choices, over and over. */
const inThisOrder = (order: readonly number[]): Choose => {
  let chosen = 0;
  return (among) => {
    chosen += 1;
    return (order[chosen % order.length] ?? 0) % among;
  };
};
/** Coming again is given up after so many tries, since who clears up may have to wait for ever. */
const tries = 20;

/** What `Copies` promises where there are too many orders to run them all: some of them, by chance. */
export const copyStormsContract = (storeOf: () => StateStore): void => {
  let copies: Copies;
  let actors: ReturnType<typeof createActors>;
  beforeAll(() => {
    copies = storeOf().open().copies;
    actors = createActors(storeOf());
  });

  test('the last two leave while a ninth joins, each write sent twice: it is as if it was sent once', async () => {
    const [one, two, ninth] = [newImport(), newImport(), newImport()];
    const property = fc.asyncProperty(anyOrder, async (order) => {
      const copyId = await waitedFor(copies, [one, two]);
      const acts: Act<string>[] = [
        (own) => leave(own, copyId, one),
        (own) => leave(own, copyId, two),
        (own) => come(own, copyId, ninth),
      ];
      const [, , came] = await interleave(actors.stutterers(acts), inThisOrder(order));
      const left = await copies.get(copyId);
      expect(left?.isEnding).toBeUndefined();
      expect(left?.waiting).toEqual(came === 'comes again' ? undefined : [ninth]);
    });
    await fc.assert(property, { numRuns: 50 });
  });

  test('two to nine imports come and go: each has its copy while it is there, and nothing is left', async () => {
    const howMany = fc.integer({ min: 2, max: mostActors });
    const property = fc.asyncProperty(howMany, anyOrder, async (count, order) => {
      const copyId = newCopyId();
      const inside = new Set<ImportRef>();
      const act: Act<string> = async (own) => {
        const ref = newImport();
        for (let tried = 0; tried < tries; tried += 1) {
          if ((await come(own, copyId, ref)) === 'comes again') continue;
          inside.add(ref);
          await own.get(copyId); // so that others come in between
          inside.delete(ref);
          return await leave(own, copyId, ref);
        }
        return 'gave up';
      };
      const look = async () => {
        const copy = await copies.get(copyId);
        for (const ref of inside) expect(copy?.waiting).toContainEqual(ref);
        if (inside.size > 0) expect(copy?.isEnding).toBeUndefined();
      };
      const acts = Array.from({ length: count }, () => act);
      await interleave(actors.actors(acts), inThisOrder(order), look);
      expect(await copies.get(copyId)).toBeUndefined();
    });
    await fc.assert(property, { numRuns: 15 });
  });
};
