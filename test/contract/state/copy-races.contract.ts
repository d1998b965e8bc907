import { beforeAll, describe, expect, test, vi } from 'vitest';
import { type CopyId, newAttemptId, newGeneration } from '../../../lib/schemas/ids.ts';
import type { Copies } from '../../../lib/state/copies.ts';
import { hour, newCopy, newImport } from './fixtures.ts';
import { inEveryOrder, interleave } from './interleave.ts';
import { come, createActors, leave, transferred, waitedFor } from './races.ts';
import type { StateStore } from './store.ts';

/** What `Copies` promises where imports join and leave at once: every order of the single requests is run. */
export const copyRacesContract = (storeOf: () => StateStore): void => {
  let copies: Copies;
  let at: ReturnType<typeof createActors>['actors'];
  beforeAll(() => {
    copies = storeOf().open().copies;
    at = createActors(storeOf()).actors;
  });
  const [one, two, ninth] = [newImport(), newImport(), newImport()];

  test('the last two leave while a ninth joins: he has the copy, or begins another, or comes again', async () => {
    const outcomes = new Set<string>();
    const orders = await inEveryOrder(async (choose) => {
      const copyId = await waitedFor(copies, [one, two]);
      const [a = '', b = '', came = ''] = await interleave(
        at<string>([
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
      const copyId = await waitedFor(copies, [one, two], true);
      const states = await interleave(
        at<string>([
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
      const copyId = await waitedFor(copies, [one], true);
      await copies.leave(copyId, one, hour);
      vi.setSystemTime(Date.now() + hour + 1);
      const [ended, came] = await interleave(
        at<unknown>([(own) => own.endUnwanted(copyId, Date.now()), (own) => own.join(copyId, ninth)]),
        choose,
      );
      expect(Boolean(ended)).toBe(!came);
      expect((await copies.get(copyId))?.isEnding).toBe(ended ? true : undefined);
    });
  });

  test('the last one leaves while the sweep looks and another joins: who has joined keeps the copy', async () => {
    await inEveryOrder(async (choose) => {
      const copyId = await waitedFor(copies, [one]);
      const [left, swept, came] = await interleave(
        at<unknown>([
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
        at<unknown>([
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
      const copyId = await waitedFor(copies, [one]);
      await dies(copyId);
      expect(await leave(copies, copyId, one)).toBe('ending');
    });

    test('leaves a copy that the sweep ends', async () => {
      const copyId = await waitedFor(copies, [one]);
      await dies(copyId);
      expect(await copies.endUnwanted(copyId, Date.now())).toMatchObject({ isEnding: true });
    });

    test('leaves a copy that another may still join', async () => {
      const copyId = await waitedFor(copies, [one]);
      await dies(copyId);
      expect(await come(copies, copyId, ninth)).toBe('joined');
      expect(await leave(copies, copyId, one)).toBe('wanted');
      expect(await copies.endUnwanted(copyId, Date.now())).toBeUndefined();
    });
  });

  describe('an import that leaves as the last, and whose answers are lost', () => {
    /** Another import comes between the two sendings of one of its writes. */
    const leaves = async (write: number, between: (copyId: CopyId) => Promise<unknown>) => {
      const copyId = await waitedFor(copies, [one]);
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
};
