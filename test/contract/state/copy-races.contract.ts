import fc from 'fast-check';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { type CopyId, newAttemptId, newGeneration } from '../../../lib/schemas/ids.ts';
import type { Copies, Left } from '../../../lib/state/copies.ts';
import type { ImportRef } from '../../../lib/state/refs.ts';
import { hour, newCopy, newCopyId, newImport } from './fixtures.ts';
import { type Gate, inEveryOrder, interleave } from './interleave.ts';
import type { StateStore } from './store.ts';

const mostActors = 9;
const transferred = { size: 5, digests: { sha512: 'ab' } };
type Run<T> = (copies: Copies, copyId: CopyId) => Promise<T>;

/** Leaves, and clears up if that is to be done. */
const leave = async (copies: Copies, copyId: CopyId, ref: ImportRef, keepMs = 0): Promise<Left['state']> => {
  const left = await copies.leave(copyId, ref, keepMs);
  if (left.state === 'ending') await copies.remove(left.copy);
  return left.state;
};

type Came = 'joined' | 'began' | 'comes again';
const come = async (copies: Copies, copyId: CopyId, ref: ImportRef): Promise<Came> => {
  if (await copies.join(copyId, ref)) return 'joined';
  return (await copies.create(newCopy(copyId), ref, newAttemptId())) ? 'began' : 'comes again';
};

/** What `Copies` promises where imports join and leave at once: every order of the single requests is run. */
export const copyRacesContract = (storeOf: () => StateStore): void => {
  let copies: Copies;
  const gates = new Map<number, Gate>();
  let gated: readonly Copies[];
  beforeAll(() => {
    copies = storeOf().open().copies;
    gated = Array.from({ length: mostActors }, (_, index) => {
      const before = async () => await gates.get(index)?.();
      return storeOf().open(before).copies;
    });
  });

  /** Actors of one race, each with requests of its own. */
  const at = <T>(copyId: CopyId, runs: readonly Run<T>[]) =>
    runs.map((run, index) => async (gate: Gate) => {
      const own = gated[index];
      if (!own) throw new Error('too many actors');
      gates.set(index, gate);
      return await run(own, copyId);
    });

  /** A copy that these wait for. */
  const waitedFor = async (refs: readonly ImportRef[], isDone = false): Promise<CopyId> => {
    const [copy, attempt] = [newCopy(), newAttemptId()];
    const [first = newImport(), ...others] = refs;
    await copies.create(copy, first, attempt);
    for (const ref of others) await copies.join(copy.copyId, ref);
    const whole = { copyId: copy.copyId, row: 0 };
    if (isDone) await copies.update(whole, attempt, { transferred });
    await copies.pause(whole, attempt);
    return copy.copyId;
  };
  const [one, two, ninth] = [newImport(), newImport(), newImport()];

  test('the last two leave while a ninth joins: he has the copy, or begins another, or comes again', async () => {
    const outcomes = new Set<string>();
    const orders = await inEveryOrder(async (choose) => {
      const copyId = await waitedFor([one, two]);
      const [a = '', b = '', came = ''] = await interleave(
        at<string>(copyId, [
          (own) => leave(own, copyId, one),
          (own) => leave(own, copyId, two),
          (own) => come(own, copyId, ninth),
        ]),
        choose,
      );
      outcomes.add([a, b, came].join());
      const left = await copies.get(copyId);
      expect(left?.isEnding).toBeUndefined();
      expect(left?.waiting).toEqual(came === 'comes again' ? undefined : [ninth]);
      expect([a, b].includes('ending')).toBe(came !== 'joined');
    });
    expect(orders).toBeGreaterThan(15);
    for (const came of ['joined', 'began', 'comes again'])
      expect([...outcomes].some((outcome) => outcome.endsWith(came))).toBe(true);
  });

  test('the last two leave a copy that is kept while a ninth joins: he always has it, and it is kept no more', async () => {
    await inEveryOrder(async (choose) => {
      const copyId = await waitedFor([one, two], true);
      const states = await interleave(
        at<string>(copyId, [
          (own) => leave(own, copyId, one, hour),
          (own) => leave(own, copyId, two, hour),
          (own) => come(own, copyId, ninth),
        ]),
        choose,
      );
      expect(states).not.toContain('ending');
      expect(states[2]).toBe('joined');
      const left = await copies.get(copyId);
      expect(left).toMatchObject({ waiting: [ninth], transferred });
      expect(left).not.toHaveProperty('keptUntil');
    });
  });

  test('the sweep ends what was kept while a ninth joins: one of them has it', async () => {
    await inEveryOrder(async (choose) => {
      const copyId = await waitedFor([one], true);
      await copies.leave(copyId, one, hour);
      vi.setSystemTime(Date.now() + hour + 1);
      const [ended, came] = await interleave(
        at<unknown>(copyId, [(own) => own.endUnwanted(copyId, Date.now()), (own) => own.join(copyId, ninth)]),
        choose,
      );
      expect(Boolean(ended)).toBe(!came);
      expect((await copies.get(copyId))?.isEnding).toBe(ended ? true : undefined);
    });
  });

  test('the last one leaves while the sweep looks and another joins: who has joined keeps the copy', async () => {
    await inEveryOrder(async (choose) => {
      const copyId = await waitedFor([one]);
      const [left, swept, came] = await interleave(
        at<unknown>(copyId, [
          (own) => own.leave(copyId, one, 0),
          (own) => own.endUnwanted(copyId, Date.now()),
          (own) => own.join(copyId, ninth),
        ]),
        choose,
      );
      const isEnding = came ? undefined : true;
      expect(left).toMatchObject({ state: came ? 'wanted' : 'ending' });
      if (came) expect(swept).toBeUndefined();
      expect((await copies.get(copyId))?.isEnding).toBe(isEnding);
    });
  });

  test('a copy is begun anew while an attempt begins at a row: nobody goes on with what is lost', async () => {
    await inEveryOrder(async (choose) => {
      const [copy, whole, next] = [newCopy(), newAttemptId(), newGeneration()];
      const { copyId } = copy;
      const plan = { size: 20, partSize: 5, parts: 1, count: 4, atOnce: 2 };
      await copies.create(copy, one, whole);
      await copies.update({ copyId, row: 0 }, whole, { uploadId: 'lost', plan });
      const row = { copyId, row: 1 };
      const [, seen] = await interleave(
        at<unknown>(copyId, [
          (own) => own.beginAnew(copy, next),
          async (own) => {
            const attempt = newAttemptId();
            await own.begin(row, attempt);
            const made = await own.get(copyId);
            return (await own.renew(row, attempt)) && made?.generation;
          },
        ]),
        choose,
      );
      expect((await copies.get(copyId))?.generation).toBe(next);
      // An attempt that has seen what is lost has no lease any more.
      expect((await copies.get(copyId))?.uploadId).toBeUndefined();
      if (seen === copy.generation) expect(await copies.begin(row, newAttemptId())).toBe('mine');
    });
  });

  describe('an import that dies while it leaves as the last', () => {
    /** Whose second request never comes. */
    const dies = async (copyId: CopyId): Promise<void> => {
      let requests = 0;
      const before = () => {
        requests += 1;
        return requests === 1 ? Promise.resolve() : Promise.reject(new Error('it died'));
      };
      await expect(storeOf().open(before).copies.leave(copyId, one, 0)).rejects.toThrow('it died');
    };

    test('ends the copy when it leaves again', async () => {
      const copyId = await waitedFor([one]);
      await dies(copyId);
      expect(await leave(copies, copyId, one)).toBe('ending');
    });

    test('leaves a copy that the sweep ends', async () => {
      const copyId = await waitedFor([one]);
      await dies(copyId);
      expect(await copies.endUnwanted(copyId, Date.now())).toMatchObject({ isEnding: true });
    });

    test('leaves a copy that another may still join', async () => {
      const copyId = await waitedFor([one]);
      await dies(copyId);
      expect(await come(copies, copyId, ninth)).toBe('joined');
      expect(await leave(copies, copyId, one)).toBe('wanted');
      expect(await copies.endUnwanted(copyId, Date.now())).toBeUndefined();
    });
  });

  describe('an import that leaves as the last, and whose answers are lost', () => {
    /** Another import comes between the two sendings of one of its writes. */
    const leaves = async (write: number, between: (copyId: CopyId) => Promise<unknown>) => {
      const copyId = await waitedFor([one]);
      let writes = 0;
      const losing = storeOf().openLosing(async () => {
        writes += 1;
        if (writes === write) await between(copyId);
      });
      const left = await losing.copies.leave(copyId, one, 0);
      return { left: left.state, copy: await copies.get(copyId) };
    };

    test('leaves the copy to another that joins in between', async () => {
      const joins = (copyId: CopyId) => copies.join(copyId, ninth);
      const { left, copy } = await leaves(1, joins);
      expect([left, copy?.waiting, copy?.isEnding]).toEqual(['wanted', [ninth], undefined]);
    });

    test('ends the copy where another comes too late to join it', async () => {
      const { left, copy } = await leaves(2, async (copyId) =>
        expect(await copies.join(copyId, ninth)).toBeUndefined(),
      );
      expect([left, copy?.waiting, copy?.isEnding]).toEqual(['ending', [], true]);
    });

    test('leaves a copy alone that another has begun after this one was cleared up', async () => {
      const { left, copy } = await leaves(2, async (copyId) => {
        const ended = await copies.endUnwanted(copyId, Date.now());
        if (ended) await copies.remove(ended);
        expect(await come(copies, copyId, ninth)).toBe('began');
      });
      expect([left, copy?.waiting, copy?.isEnding]).toEqual(['gone', [ninth], undefined]);
    });

    test('does not take another making that ends for its own', async () => {
      const { left, copy } = await leaves(2, async (copyId) => {
        const ended = await copies.endUnwanted(copyId, Date.now());
        if (ended) await copies.remove(ended);
        expect(await come(copies, copyId, ninth)).toBe('began');
        await copies.leave(copyId, ninth, 0);
      });
      expect([left, copy?.isEnding]).toEqual(['gone', true]);
    });
  });

  test('two to nine imports come and go in any order: each has its copy while it is there, and nothing is left', async () => {
    const tries = 20;
    const anyOrder = fc.array(fc.nat(1000), { minLength: 30, maxLength: 120 });
    const property = fc.asyncProperty(
      fc.integer({ min: 2, max: mostActors }),
      anyOrder,
      async (count, order) => {
        const copyId = newCopyId();
        const inside = new Set<ImportRef>();
        const run: Run<string> = async (own) => {
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
        let at0 = 0;
        const choose = (among: number) => (order[at0++ % order.length] ?? 0) % among;
        const look = async () => {
          const copy = await copies.get(copyId);
          for (const ref of inside) expect(copy?.waiting).toContainEqual(ref);
          if (inside.size > 0) expect(copy?.isEnding).toBeUndefined();
        };
        await interleave(
          at(
            copyId,
            Array.from({ length: count }, () => run),
          ),
          choose,
          look,
        );
        expect(await copies.get(copyId)).toBeUndefined();
      },
    );
    await fc.assert(property, { numRuns: 15 });
  });
};
