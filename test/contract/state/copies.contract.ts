import { beforeEach, describe, expect, test, vi } from 'vitest';
import { type AttemptId, newAttemptId, newGeneration } from '../../../lib/schemas/ids.ts';
import type { Copies } from '../../../lib/state/copies.ts';
import type { CopyChanges } from '../../../lib/state/copy.ts';
import type { ImportRef } from '../../../lib/state/refs.ts';
import { msOf } from '../../../lib/state/task.ts';
import { day, hour, newCopy, newCopyId, newImport, partOf } from './fixtures.ts';
import { leaseMs, type StateStore } from './store.ts';

const later = (ms: number) => vi.setSystemTime(Date.now() + ms);
const transferred = { size: 5, digests: { sha512: 'ab' }, provenBy: 'sha512' };
const broken = { reason: 'the source is gone', code: 'not-found' } as const;

/** What `Copies` promises of one copy; who joins and leaves at once is in copy-races.contract.ts. */
export const copiesContract = (storeOf: () => StateStore): void => {
  let copies: Copies;
  let copy: ReturnType<typeof newCopy>;
  let first: ImportRef;
  let attempt: AttemptId;
  beforeEach(async () => {
    copies = storeOf().open().copies;
    [copy, first, attempt] = [newCopy(), newImport(), newAttemptId()];
    expect(await copies.create({ ...copy, size: 17 }, first, attempt)).toBe(true);
  });

  const row = (number: number) => ({ copyId: copy.copyId, row: number });
  const read = async () => (await copies.get(copy.copyId)) ?? expect.fail('no copy');
  const begun = async (number: number): Promise<AttemptId> => {
    const another = newAttemptId();
    expect(await copies.begin(row(number), another)).toBe('mine');
    return another;
  };
  const done = async () => {
    expect(await copies.update(row(0), attempt, { transferred })).toMatchObject({ transferred });
  };

  describe('a copy', () => {
    test('is begun once, for its first import, with an attempt at the whole of it', async () => {
      expect(await copies.create(newCopy(copy.copyId), newImport(), newAttemptId())).toBe(false);
      const { createdAt, updatedAt, ...rest } = await read();
      const begun = { ...copy, begunBy: first.taskId, size: 17, waiting: [first] };
      expect(rest).toEqual({ ...begun, rows: new Map() });
      expect(updatedAt).toBe(createdAt);
      expect(await copies.begin(row(0), newAttemptId())).toBe('live');
      expect(await copies.renew(row(0), attempt)).toBe(true);
    });

    test('keeps what is made of it, and forgets what is given as undefined', async () => {
      const made: CopyChanges = {
        uploadId: 'u',
        plan: { size: 20, partSize: 5, parts: 2, count: 2, atOnce: 2 },
        copied: 5,
        stored: { size: 20 },
        verification: { offset: 10, states: { sha512: 'c3RhdGU=', md5: 'x'.repeat(4096) } },
      };
      expect(await copies.update(row(0), attempt, made)).toMatchObject(made);
      const changed = await copies.update(row(0), attempt, { verification: undefined, transferred });
      expect(changed).not.toHaveProperty('verification');
      expect(await read()).toEqual(changed);
    });

    test('is changed by the attempt at its row alone, and never made by a change', async () => {
      expect(await copies.update(row(0), newAttemptId(), { copied: 1 })).toBeUndefined();
      expect(await copies.update(row(1), attempt, { copied: 1 })).toBeUndefined();
      const nothing = { copyId: newCopyId(), row: 0 };
      expect(await copies.update(nothing, attempt, { copied: 1 })).toBeUndefined();
      expect(await copies.saveRow(nothing, attempt, { next: 1, copied: 1 })).toBeUndefined();
      expect(await copies.fail({ ...nothing, generation: newGeneration() }, broken)).toBeUndefined();
      await copies.keepReason({ ...nothing, generation: newGeneration() }, broken);
      expect(await copies.join(nothing.copyId, newImport())).toBeUndefined();
      expect(await copies.leave(nothing.copyId, newImport(), hour)).toEqual({ state: 'gone' });
      expect(await copies.begin(nothing, newAttemptId())).toBe('lost');
      await copies.pause(nothing, attempt);
      expect(await copies.endUnwanted(nothing.copyId, Date.now())).toBeUndefined();
      expect(await copies.isAtRest(nothing.copyId)).toBe(true);
      expect(await copies.get(nothing.copyId)).toBeUndefined();
      expect(await storeOf().expiriesOf(nothing.copyId)).toEqual([]);
    });

    test('keeps the first reason why it has failed, and nobody joins it any more', async () => {
      await copies.keepReason(copy, { reason: 'slow', code: 'unavailable' });
      expect(await copies.fail(copy, broken)).toMatchObject({ failure: broken, waiting: [first] });
      const again = await copies.fail(copy, { reason: 'else', code: 'conflict' });
      expect(again).toMatchObject({ failure: broken, lastFailure: { reason: 'slow' } });
      expect(await copies.join(copy.copyId, newImport())).toBeUndefined();
      expect(await copies.join(copy.copyId, first)).toBeUndefined();
      expect((await read()).waiting).toEqual([first]);
    });

    test('is joined by 500 imports at most at a time, and once by each', async () => {
      const others = Array.from({ length: 499 }, newImport);
      for (let from = 0; from < others.length; from += 50)
        await Promise.all(others.slice(from, from + 50).map((ref) => copies.join(copy.copyId, ref)));
      expect((await read()).waiting).toHaveLength(500);
      const late = newImport();
      expect(await copies.join(copy.copyId, late)).toBeUndefined();
      expect((await copies.join(copy.copyId, first))?.waiting).toHaveLength(500);
      expect((await copies.leave(copy.copyId, first, 0)).state).toBe('wanted');
      expect((await copies.join(copy.copyId, late))?.waiting).toContainEqual(late);
    });

    test('that is transferred does not fail any more', async () => {
      await done();
      expect(await copies.fail(copy, broken)).not.toHaveProperty('failure');
      expect(await copies.join(copy.copyId, newImport())).toMatchObject({ transferred });
    });

    test('is forgotten after 15 days without a sign of life, should all else be lost', async () => {
      await copies.savePart(copy, partOf(1));
      later(day);
      await copies.renew(row(0), attempt);
      const left = (await storeOf().expiriesOf(copy.copyId)).map((at) => (at - Date.now()) / day);
      expect(left.map(Math.round).sort()).toEqual([14, 15]);
    });
  });

  describe('an attempt at a row', () => {
    test('has the row for itself while its lease lasts, and others have theirs', async () => {
      const one = await begun(1);
      await begun(2);
      expect(await copies.begin(row(1), newAttemptId())).toBe('live');
      later(leaseMs);
      expect(await copies.begin(row(1), newAttemptId())).toBe('live');
      expect(await copies.renew(row(1), one)).toBe(true);
      later(leaseMs + 1);
      await begun(1);
      expect(await copies.renew(row(1), one)).toBe(false);
      expect(await copies.saveRow(row(1), one, { next: 3, copied: 5 })).toBeUndefined();
    });

    test('goes to one of many that begin at once', async () => {
      const attempts = Array.from({ length: 8 }, () => copies.begin(row(1), newAttemptId()));
      expect((await Promise.all(attempts)).sort()).toEqual([...Array(7).fill('live'), 'mine']);
    });

    test('keeps how far it is, and sees how far the others are', async () => {
      const [one, two] = [await begun(1), await begun(10)];
      await copies.saveRow(row(1), one, { next: 3, copied: 10 });
      const seen = await copies.saveRow(row(10), two, { next: 4, copied: 20 });
      const rows = new Map([
        [1, { next: 3, copied: 10 }],
        [10, { next: 4, copied: 20 }],
      ]);
      expect(seen?.rows).toEqual(rows);
      expect((await read()).rows).toEqual(rows);
    });

    test('that pauses leaves the row to the next one at once, and is not brought back to life', async () => {
      const paused = await begun(1);
      await copies.pause(row(1), paused);
      expect(await copies.renew(row(1), paused)).toBe(false);
      const next = await begun(1);
      await copies.pause(row(1), paused);
      expect(await copies.renew(row(1), next)).toBe(true);
    });

    test('tells whether more is stored than its forerunner found', async () => {
      const one = await begun(1);
      expect(await copies.advance(row(1), one, 0)).toBe(true);
      await copies.pause(row(1), one);
      const two = await begun(1);
      expect(await copies.advance(row(1), two, 0)).toBe(false);
      expect(await copies.advance(row(1), two, 3)).toBe(true);
      expect(await copies.advance(row(1), one, 4)).toBe(false);
      // Something was lost: what is made up for it counts.
      expect(await copies.advance(row(1), two, 1)).toBe(false);
      expect(await copies.advance(row(1), two, 2)).toBe(true);
      expect(await copies.advance(row(0), attempt, 1)).toBe(true);
    });

    test('is a sign of life of the copy: begun, renewed or paused', async () => {
      const seen = new Set([(await read()).updatedAt]);
      const look = async () => seen.add((await read()).updatedAt);
      later(1000);
      const one = await begun(1);
      await look();
      later(1000);
      await copies.renew(row(1), one);
      await look();
      later(1000);
      await copies.pause(row(1), one);
      await look();
      expect(seen.size).toBe(4);
    });

    test('finds its lease lost where the copy has failed, while another may begin, to tell those who wait', async () => {
      const one = await begun(1);
      await copies.fail(copy, broken);
      expect(await copies.renew(row(1), one)).toBe(false);
      expect(await copies.renew(row(0), attempt)).toBe(false);
      later(leaseMs + 1);
      await begun(0);
    });

    test('finds its lease lost where the copy ends, and none begins; the end waits for it', async () => {
      const one = await begun(1);
      await copies.pause(row(0), attempt);
      expect(await copies.leave(copy.copyId, first, 0)).toMatchObject({ state: 'ending' });
      expect(await copies.renew(row(1), one)).toBe(false);
      expect(await copies.begin(row(0), newAttemptId())).toBe('lost');
      expect(await copies.begin(row(2), newAttemptId())).toBe('lost');
      expect(await copies.isAtRest(copy.copyId)).toBe(false);
      await copies.pause(row(1), one);
      expect(await copies.isAtRest(copy.copyId)).toBe(true);
    });

    test('that has died lets the copy rest when its lease has ended', async () => {
      await begun(3);
      later(leaseMs);
      expect(await copies.isAtRest(copy.copyId)).toBe(false);
      later(1);
      expect(await copies.isAtRest(copy.copyId)).toBe(true);
    });

    test('may begin at a copy that is done: its handing on may have died', async () => {
      await done();
      await copies.pause(row(0), attempt);
      await begun(0);
    });
  });

  describe('who joins and leaves', () => {
    test('finds who else waits, however often it says so', async () => {
      const second = newImport();
      expect((await copies.join(copy.copyId, second))?.waiting).toHaveLength(2);
      expect((await copies.join(copy.copyId, second))?.waiting).toHaveLength(2);
      const left = { state: 'wanted', copy: { waiting: [second] } };
      expect(await copies.leave(copy.copyId, first, hour)).toMatchObject(left);
      expect(await copies.leave(copy.copyId, first, hour)).toMatchObject(left);
      expect((await read()).waiting).toEqual([second]);
    });

    test('ends the copy by leaving last, however often it says so, and nobody joins it then', async () => {
      for (let times = 0; times < 2; times += 1) {
        const left = await copies.leave(copy.copyId, first, hour);
        expect(left).toMatchObject({ state: 'ending', copy: { ...copy, waiting: [], isEnding: true } });
      }
      expect(await copies.join(copy.copyId, newImport())).toBeUndefined();
      expect(await copies.create(newCopy(copy.copyId), newImport(), newAttemptId())).toBe(false);
      await copies.remove(copy);
      expect(await copies.leave(copy.copyId, first, hour)).toEqual({ state: 'gone' });
      expect(await copies.create(newCopy(copy.copyId), newImport(), newAttemptId())).toBe(true);
    });

    test('ends a copy that has failed, also where copies are kept', async () => {
      await copies.fail(copy, broken);
      expect(await copies.leave(copy.copyId, first, hour)).toMatchObject({ state: 'ending' });
    });

    test('keeps a copy that is done for as long as it is told, and whoever joins has it at once', async () => {
      await done();
      expect(await copies.leave(copy.copyId, first, hour)).toEqual({ state: 'kept' });
      expect((await read()).keptUntil).toBe(Date.now() + hour);
      expect(await copies.endUnwanted(copy.copyId, Date.now() + hour)).toBeUndefined();
      const joined = await copies.join(copy.copyId, first);
      expect(joined).toMatchObject({ waiting: [first], transferred });
      expect(joined).not.toHaveProperty('keptUntil');
      expect(await copies.leave(copy.copyId, first, 0)).toMatchObject({ state: 'ending' });
    });

    test('keeps a copy for 13 days at most: after 14 the bucket has removed its object', async () => {
      await done();
      await copies.leave(copy.copyId, first, 40 * day);
      const { keptUntil = 0, createdAt } = await read();
      expect(keptUntil - msOf(createdAt)).toBe(13 * day);
      const [expiry = 0] = await storeOf().expiriesOf(copy.copyId);
      expect(expiry).toBeGreaterThan(keptUntil);
    });
  });

  describe('a copy that nobody wants', () => {
    test('is ended by the sweep once it was kept for long enough', async () => {
      await done();
      await copies.leave(copy.copyId, first, hour);
      later(hour + 1);
      const ended = await copies.endUnwanted(copy.copyId, Date.now());
      expect(ended).toMatchObject({ ...copy, isEnding: true });
      expect(await copies.endUnwanted(copy.copyId, Date.now())).toEqual(ended);
    });

    test('is left alone by the sweep while an import waits for it', async () => {
      expect(await copies.endUnwanted(copy.copyId, Date.now() + 100 * day)).toBeUndefined();
      expect(await read()).not.toHaveProperty('isEnding');
    });

    test('goes with its making: a later one stays', async () => {
      await copies.remove({ ...copy, generation: newGeneration() });
      await read();
      await copies.remove(copy);
      await copies.remove(copy);
      expect(await copies.get(copy.copyId)).toBeUndefined();
    });
  });

  describe('checkpoints', () => {
    const numbersOf = async (making = copy) => [...(await copies.parts(making)).keys()];

    test('are kept by number, the last one of a number counts', async () => {
      for (const number of [10_000, 2, 1]) await copies.savePart(copy, partOf(number));
      await copies.savePart(copy, { ...partOf(2), etag: 'again' });
      const parts = await copies.parts(copy);
      expect([...parts.keys()]).toEqual([1, 2, 10_000]);
      expect(parts.get(2)).toEqual({ ...partOf(2), etag: 'again' });
    });

    test('are listed from one number to another, both included', async () => {
      for (let number = 1; number <= 12; number += 1) await copies.savePart(copy, partOf(number));
      const parts = await copies.parts(copy, { firstPart: 9, lastPart: 11 });
      expect([...parts.keys()]).toEqual([9, 10, 11]);
    });

    test('are listed and forgotten all, however many', async () => {
      const long = { ...partOf(1), etag: 'e'.repeat(40_000) };
      for (let number = 1; number <= 60; number += 1) await copies.savePart(copy, { ...long, number });
      expect(await numbersOf()).toHaveLength(60);
      await copies.forgetParts(copy, 7);
      expect(await numbersOf()).toHaveLength(59);
      await copies.forgetParts(copy);
      expect(await numbersOf()).toEqual([]);
    });

    test('belong to one making', async () => {
      const other = newCopy(copy.copyId);
      await copies.savePart(copy, partOf(1));
      await copies.savePart(other, partOf(2));
      await copies.forgetParts(copy);
      expect([await numbersOf(), await numbersOf(other)]).toEqual([[], [2]]);
    });
  });

  describe('a copy whose upload the store has lost', () => {
    const plan = { size: 20, partSize: 5, parts: 1, count: 4, atOnce: 2 };

    test('is begun anew: of parts, rows and attempts nothing is left, and those who wait go on waiting', async () => {
      await copies.update(row(0), attempt, { uploadId: 'u', plan, copied: 5, stored: { size: 20 } });
      const one = await begun(1);
      await copies.saveRow(row(1), one, { next: 3, copied: 10 });
      await copies.savePart(copy, partOf(1));
      const next = newGeneration();
      expect(await copies.beginAnew(copy, next)).toBe(true);
      const { createdAt, updatedAt, ...rest } = await read();
      const counted = { generation: next, uploadsLost: 1 };
      const kept = { ...copy, begunBy: first.taskId, size: 17, waiting: [first] };
      expect(rest).toEqual({ ...kept, ...counted, rows: new Map() });
      for (const making of [copy, { ...copy, generation: next }])
        expect((await copies.parts(making)).size).toBe(0);
      expect(await copies.renew(row(1), one)).toBe(false);
      expect(await copies.update(row(0), attempt, { copied: 6 })).toBeUndefined();
      await begun(1);
      expect(await copies.advance(row(1), one, 0)).toBe(false);
    });

    test('is begun anew once, whoever else has seen it', async () => {
      const begin = Array.from({ length: 5 }, () => copies.beginAnew(copy, newGeneration()));
      expect((await Promise.all(begin)).filter(Boolean)).toHaveLength(1);
      expect(await copies.beginAnew(copy, newGeneration())).toBe(false);
      expect((await read()).uploadsLost).toBe(1);
    });

    test('is not begun anew when it is finished: its object is somebody’s by then', async () => {
      const transferred = { size: 20, digests: {} };
      await copies.update(row(0), attempt, { transferred });
      expect(await copies.beginAnew(copy, newGeneration())).toBe(false);
      expect(await read()).toMatchObject({ generation: copy.generation, transferred });
    });

    test('does not fail by what an attempt at its earlier making has met', async () => {
      const next = newGeneration();
      await copies.beginAnew(copy, next);
      expect(await copies.fail(copy, broken)).toBeUndefined();
      await copies.keepReason(copy, broken);
      expect(await read()).not.toHaveProperty('failure');
      expect(await read()).not.toHaveProperty('lastFailure');
      expect(await copies.fail({ ...copy, generation: next }, broken)).toMatchObject({ failure: broken });
    });
  });

  test('each write may be sent twice, and knows its own', async () => {
    const { copies: losing } = storeOf().openLosing();
    const [twice, second, mine] = [newCopy(), newImport(), newAttemptId()];
    const whole = { copyId: twice.copyId, row: 0 };
    expect(await losing.create(twice, first, mine)).toBe(true);
    expect(await losing.create(newCopy(twice.copyId), second, newAttemptId())).toBe(false);
    expect((await losing.join(twice.copyId, second))?.waiting).toHaveLength(2);
    expect(await losing.begin(whole, newAttemptId())).toBe('live');
    expect(await losing.begin({ ...whole, row: 1 }, mine)).toBe('mine');
    expect(await losing.renew(whole, mine)).toBe(true);
    expect(await losing.advance(whole, mine, 1)).toBe(true);
    expect(await losing.update(whole, mine, { copied: 5 })).toMatchObject({ copied: 5 });
    expect(await losing.saveRow(whole, mine, { next: 1, copied: 5 })).toMatchObject({ copied: 5 });
    await losing.savePart(twice, partOf(1));
    const next = { ...twice, generation: newGeneration() };
    expect(await losing.beginAnew(twice, next.generation)).toBe(true);
    expect(await losing.begin(whole, mine)).toBe('mine');
    expect(await losing.fail(next, broken)).toMatchObject({ failure: broken });
    expect(await losing.renew(whole, mine)).toBe(false);
    expect(await losing.join(twice.copyId, newImport())).toBeUndefined();
    expect(await losing.leave(twice.copyId, first, 0)).toMatchObject({ state: 'wanted' });
    expect(await losing.leave(twice.copyId, second, 0)).toMatchObject({ state: 'ending' });
    await losing.pause(whole, mine);
    expect(await losing.isAtRest(twice.copyId)).toBe(true);
    await losing.remove(next);
    expect(await losing.get(twice.copyId)).toBeUndefined();
  });

  describe('a write whose answer is lost', () => {
    test('has begun the copy, although others have joined it in between', async () => {
      const [lost, other] = [newCopy(), newImport()];
      const joins = async () => void (await copies.join(lost.copyId, other));
      const { copies: losing } = storeOf().openLosing(joins);
      expect(await losing.create(lost, first, attempt)).toBe(true);
      expect((await copies.get(lost.copyId))?.waiting).toHaveLength(2);
    });

    test('has begun the attempt, although another row has been saved in between', async () => {
      const saves = vi.fn(async () => {
        later(1000);
        await copies.saveRow(row(0), attempt, { next: 1, copied: 1 });
      });
      const { copies: losing } = storeOf().openLosing(saves);
      expect(await losing.begin(row(1), newAttemptId())).toBe('mine');
      expect(saves).toHaveBeenCalled();
    });

    test('has not begun an attempt that another one has taken over in between', async () => {
      const mine = newAttemptId();
      const takesOver = async () => {
        later(leaseMs + 1);
        await copies.begin(row(1), newAttemptId());
        later(leaseMs + 1);
      };
      expect(await copies.begin(row(1), mine)).toBe('mine');
      const { copies: losing } = storeOf().openLosing(takesOver);
      expect(await losing.saveRow(row(1), mine, { next: 1, copied: 1 })).toBeUndefined();
    });
  });
};
