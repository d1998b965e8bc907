import { beforeEach, describe, expect, test, vi } from 'vitest';
import { newAttemptId } from '../../../lib/schemas/ids.ts';
import type { StepName } from '../../../lib/state/messages.ts';
import type { SeatTable } from '../../../lib/state/seats.ts';
import { newStep } from './fixtures.ts';
import { leaseMs, type StateStore } from './store.ts';

const later = (ms: number) => vi.setSystemTime(Date.now() + ms);
const seatOf = (projectId: string, number = 0) => ({ projectId, number });
const firstStaysMs = 30_000;

/** What `SeatTable` promises. */
export const seatsContract = (storeOf: () => StateStore): void => {
  let step: StepName;
  let seats: SeatTable;
  beforeEach(() => {
    step = newStep();
    seats = storeOf().open().seatsAt(step);
  });

  describe('a seat', () => {
    test('is taken by one of many attempts, and seen by all projects', async () => {
      const down = Array.from({ length: 6 }, () => seats.sitDown(seatOf('a'), newAttemptId()));
      expect((await Promise.all(down)).filter(Boolean)).toHaveLength(1);
      await seats.sitDown(seatOf('b', 3), newAttemptId());
      const all = [seatOf('a'), seatOf('b', 3)];
      expect(await seats.look('a')).toEqual({ seats: all, first: undefined, dead: [] });
      expect((await seats.look('c')).seats).toEqual(all);
    });

    test('is of one step', async () => {
      await seats.sitDown(seatOf('a'), newAttemptId());
      expect((await storeOf().open().seatsAt(newStep()).look('a')).seats).toEqual([]);
    });

    test('is kept by signs of life, and free again without them', async () => {
      const [attempt, other] = [newAttemptId(), newAttemptId()];
      await seats.sitDown(seatOf('a'), attempt);
      later(leaseMs - 1);
      await seats.keep(seatOf('a'), attempt);
      later(leaseMs - 1);
      expect(await seats.sitDown(seatOf('a'), other)).toBe(false);
      later(2);
      expect((await seats.look('a')).seats).toEqual([]);
      expect(await seats.sitDown(seatOf('a'), other)).toBe(true);
    });

    test('that another attempt has taken is neither kept nor left by the one that lost it', async () => {
      const [lost, other] = [newAttemptId(), newAttemptId()];
      await seats.sitDown(seatOf('a'), lost);
      later(leaseMs + 1);
      await seats.sitDown(seatOf('a'), other);
      later(leaseMs - 1);
      await seats.keep(seatOf('a'), lost);
      await seats.leave(seatOf('a'), lost);
      expect((await seats.look('a')).seats).toEqual([seatOf('a')]);
      later(2);
      expect((await seats.look('a')).seats).toEqual([]);
    });

    test('that is left is nothing any more', async () => {
      const attempt = newAttemptId();
      await seats.sitDown(seatOf('a'), attempt);
      await seats.leave(seatOf('a'), attempt);
      expect(await seats.look('a')).toEqual({ seats: [], first: undefined, dead: [] });
      expect(await storeOf().expiriesOf(step)).toEqual([]);
    });

    test('of an attempt that has died is cleared by its own project, unless it was taken again', async () => {
      for (const seat of [seatOf('a'), seatOf('a', 1), seatOf('b')])
        await seats.sitDown(seat, newAttemptId());
      later(leaseMs + 1);
      const { dead } = await seats.look('a');
      expect(dead).toHaveLength(2);
      await seats.sitDown(seatOf('a', 1), newAttemptId());
      await seats.clear(dead);
      expect(await seats.look('a')).toEqual({ seats: [seatOf('a', 1)], first: undefined, dead: [] });
      expect((await seats.look('b')).dead).toHaveLength(1);
    });
  });

  describe('the first of a project', () => {
    const waiting = { projectId: 'a', work: 'one', sinceMs: 5 };

    test('is who has said so last, until it asks no more', async () => {
      await seats.waitFirst(waiting);
      await seats.waitFirst({ ...waiting, work: 'two' });
      expect((await seats.look('a')).first).toEqual({ ...waiting, work: 'two' });
      expect((await seats.look('b')).first).toBeUndefined();
      later(firstStaysMs);
      expect(await seats.look('a')).toMatchObject({ first: undefined, dead: [expect.any(String)] });
    });

    test('is forgotten by itself alone', async () => {
      await seats.waitFirst(waiting);
      await seats.forgetFirst({ projectId: 'a', work: 'two' });
      expect((await seats.look('a')).first).toEqual(waiting);
      await seats.forgetFirst(waiting);
      expect((await seats.look('a')).first).toBeUndefined();
    });
  });

  test('everything is forgotten by itself, after its lease', async () => {
    await seats.sitDown(seatOf('a'), newAttemptId());
    await seats.waitFirst({ projectId: 'a', work: 'one', sinceMs: 5 });
    const expiries = await storeOf().expiriesOf(step);
    expect(expiries).toHaveLength(2);
    for (const at of expiries) expect(at).toBeGreaterThan(Date.now() + leaseMs);
  });

  test('each write may be sent twice, and knows its own', async () => {
    const losing = storeOf().openLosing().seatsAt(step);
    const attempt = newAttemptId();
    expect(await losing.sitDown(seatOf('a'), attempt)).toBe(true);
    expect(await losing.sitDown(seatOf('a'), newAttemptId())).toBe(false);
    await losing.keep(seatOf('a'), attempt);
    await losing.waitFirst({ projectId: 'a', work: 'one', sinceMs: 5 });
    await losing.forgetFirst({ projectId: 'a', work: 'one' });
    await losing.leave(seatOf('a'), attempt);
    expect(await storeOf().expiriesOf(step)).toEqual([]);
  });
};
