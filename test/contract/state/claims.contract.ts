import { beforeEach, describe, expect, test, vi } from 'vitest';
import { type AttemptId, newAttemptId, newTaskId, type RegionName } from '../../../lib/schemas/ids.ts';
import type { Claims } from '../../../lib/state/claims.ts';
import type { ImportRef, Target } from '../../../lib/state/refs.ts';
import { day, importOf, minute, newTarget } from './fixtures.ts';
import { leaseMs, type StateStore } from './store.ts';

const later = (ms: number) => vi.setSystemTime(Date.now() + ms);

/** What `Claims` promises. */
export const claimsContract = (storeOf: () => StateStore): void => {
  let claims: Claims;
  let target: Target;
  beforeEach(() => {
    claims = storeOf().open().claims;
    target = newTarget();
  });

  const another = () => importOf(target);
  const queuedImport = async (): Promise<ImportRef> => {
    const ref = another();
    expect(await claims.take(ref)).toEqual({ preempted: undefined });
    await claims.queued(ref);
    return ref;
  };
  const begun = async (ref: ImportRef): Promise<AttemptId> => {
    const attempt = newAttemptId();
    expect(await claims.begin(ref, attempt)).toBe('mine');
    return attempt;
  };

  describe('a target', () => {
    test('belongs to one import at a time', async () => {
      const first = another();
      expect(await claims.holder(target)).toBeUndefined();
      expect(await claims.take(first)).toEqual({ preempted: undefined });
      expect(await claims.take(another())).toBe(false);
      expect(await claims.holder(target)).toBe(first.taskId);
    });

    test('is another one in each region', async () => {
      await queuedImport();
      for (const region of ['Zürich ', 'Zürich #', 'zürich #2', '']) {
        const other = { ...target, region: region as RegionName };
        expect(await claims.holder(other)).toBeUndefined();
        expect(await claims.take(importOf(other))).toEqual({ preempted: undefined });
      }
    });

    test('goes to exactly one of many imports that ask at once', async () => {
      const taken = await Promise.all(Array.from({ length: 10 }, () => claims.take(another())));
      expect(taken.filter(Boolean)).toHaveLength(1);
    });

    test('is free after its import has released it, and only that import can', async () => {
      const ref = await queuedImport();
      await claims.release(another());
      expect(await claims.holder(target)).toBe(ref.taskId);
      await claims.release(ref);
      await claims.release(ref);
      expect(await claims.holder(target)).toBeUndefined();
      await queuedImport();
    });

    test('whose request crashed before it was queued is free after a minute', async () => {
      const crashed = another();
      await claims.take(crashed);
      later(minute);
      expect(await claims.take(another())).toBe(false);
      later(1);
      expect(await claims.holder(target)).toBeUndefined();
      expect(await claims.take(another())).toEqual({ preempted: crashed.taskId });
    });

    test('that waits in a queue is kept for two hours', async () => {
      const waiting = await queuedImport();
      later(120 * minute);
      expect(await claims.take(another())).toBe(false);
      later(1);
      expect(await claims.take(another())).toEqual({ preempted: waiting.taskId });
    });

    test('that went stale goes to one of two imports that see it at once', async () => {
      await queuedImport();
      later(121 * minute);
      const taken = await Promise.all([claims.take(another()), claims.take(another())]);
      expect(taken.filter(Boolean)).toHaveLength(1);
    });

    test('whose claim is of no import is free once it has been stale for long enough', async () => {
      const ref = await queuedImport();
      later(121 * minute);
      await claims.releaseStale(ref, Date.now() - 2 * minute);
      expect(await storeOf().expiriesOf(target.imageId)).toHaveLength(1);
      await claims.releaseStale(another(), Date.now());
      expect(await storeOf().expiriesOf(target.imageId)).toHaveLength(1);
      await claims.releaseStale(ref, Date.now());
      expect(await claims.take(another())).toEqual({ preempted: undefined });
    });

    test('has a claim that is forgotten after 15 days, should all else be lost', async () => {
      const ref = await queuedImport();
      await begun(ref);
      const [expiry = 0] = await storeOf().expiriesOf(target.imageId);
      expect((expiry - Date.now()) / day).toBeCloseTo(15, 3);
    });
  });

  describe('a claim for which nothing could be queued', () => {
    test('is given back, unless a step has begun all the same', async () => {
      const [unheard, heard] = [another(), another()];
      await claims.take(unheard);
      expect(await claims.takeBack(unheard, undefined)).toBe(true);
      await claims.take(heard);
      await claims.pause(heard, await begun(heard));
      expect(await claims.takeBack(heard, undefined)).toBe(false);
      expect(await claims.holder(target)).toBe(heard.taskId);
    });

    test('is given back to the import that was preempted for it, as silent as that was', async () => {
      const [silent, unheard] = [await queuedImport(), another()];
      later(121 * minute);
      await claims.take(unheard);
      expect(await claims.takeBack(unheard, silent.taskId)).toBe(true);
      expect(await claims.holder(target)).toBeUndefined();
      await begun(silent);
    });

    test('counts as given back where another request has taken the target meanwhile', async () => {
      const other = another();
      await claims.take(other);
      expect(await claims.takeBack(another(), undefined)).toBe(true);
      expect(await claims.holder(target)).toBe(other.taskId);
    });
  });

  describe('an import that is called off', () => {
    test('is nobody’s to work at but who ends it, as soon as the lease of the one at work is over', async () => {
      const ref = await queuedImport();
      const atWork = await begun(ref);
      await claims.callOff(ref);
      expect(await claims.renew(ref, atWork)).toBe(false);
      expect(await claims.begin(ref, newAttemptId())).toBe('lost');
      expect(await claims.beginEnd(ref, newAttemptId())).toBe('live');
      later(leaseMs + 1);
      expect(await claims.begin(ref, newAttemptId())).toBe('lost');
      expect(await claims.beginEnd(ref, newAttemptId())).toBe('mine');
      expect(await claims.holder(target)).toBe(ref.taskId);
    });

    test('twice leaves who ends it at work', async () => {
      const ref = await queuedImport();
      await claims.callOff(ref);
      const ender = newAttemptId();
      expect(await claims.beginEnd(ref, ender)).toBe('mine');
      await claims.callOff(ref);
      expect(await claims.renew(ref, ender)).toBe(true);
    });

    test('waits for no copy any more', async () => {
      const ref = await queuedImport();
      await claims.callOff(ref);
      expect(await claims.keepWaiting(ref)).toBe(false);
    });

    test('where it ends already, goes on ending as it does', async () => {
      const ref = await queuedImport();
      const attempt = await begun(ref);
      await claims.end(ref, 'success');
      await claims.callOff(ref);
      expect(await claims.renew(ref, attempt)).toBe(true);
      await claims.pause(ref, attempt);
      await begun(ref);
    });

    test('of another claim, or of none, changes nothing', async () => {
      const ref = await queuedImport();
      await claims.callOff(another());
      await begun(ref);
      await claims.release(ref);
      await claims.callOff(ref);
      expect(await claims.holder(target)).toBeUndefined();
    });
  });

  describe('an attempt', () => {
    test('has the import for itself while its lease lasts', async () => {
      const ref = await queuedImport();
      await begun(ref);
      expect(await claims.begin(ref, newAttemptId())).toBe('live');
      later(leaseMs);
      expect(await claims.begin(ref, newAttemptId())).toBe('live');
      later(1);
      await begun(ref);
    });

    test('keeps the import by renewing it, and learns when it has lost it', async () => {
      const ref = await queuedImport();
      const [mine, other] = [await begun(ref), newAttemptId()];
      for (let beats = 0; beats < 30; beats += 1) {
        later(leaseMs - 1);
        expect(await claims.renew(ref, mine)).toBe(true);
      }
      expect(await claims.begin(ref, other)).toBe('live');
      expect(await claims.renew(ref, other)).toBe(false);
      later(leaseMs + 1);
      expect(await claims.begin(ref, other)).toBe('mine');
      expect(await claims.renew(ref, mine)).toBe(false);
      await claims.pause(ref, mine);
      expect(await claims.begin(ref, newAttemptId())).toBe('live');
    });

    test('that has paused is not brought back to life by a heartbeat that comes late', async () => {
      const ref = await queuedImport();
      const paused = await begun(ref);
      await claims.pause(ref, paused);
      expect(await claims.renew(ref, paused)).toBe(false);
      await begun(ref);
    });

    test('that pauses leaves the import to the next one at once, and to no other import', async () => {
      const ref = await queuedImport();
      await claims.pause(ref, await begun(ref));
      later(60 * minute);
      expect(await claims.holder(target)).toBe(ref.taskId);
      await begun(ref);
    });

    test('that dies frees the target after half an hour', async () => {
      const ref = await queuedImport();
      await begun(ref);
      later(30 * minute + 1);
      expect(await claims.holder(target)).toBeUndefined();
      expect(await claims.take(another())).toEqual({ preempted: ref.taskId });
      expect(await claims.begin(ref, newAttemptId())).toBe('lost');
    });

    test('of an import that has ended, or never was, is lost and leaves no claim', async () => {
      const ref = await queuedImport();
      const attempt = await begun(ref);
      await claims.release(ref);
      expect(await claims.renew(ref, attempt)).toBe(false);
      await claims.pause(ref, attempt);
      expect(await claims.begin(ref, attempt)).toBe('lost');
      await claims.queued(ref);
      expect(await claims.keepWaiting(ref)).toBe(false);
      expect(await claims.holder(target)).toBeUndefined();
      expect(await storeOf().expiriesOf(target.imageId)).toEqual([]);
    });

    test('that has begun before the request could say that it was queued stays live', async () => {
      const ref = another();
      await claims.take(ref);
      await begun(ref);
      await claims.queued(ref);
      expect(await claims.begin(ref, newAttemptId())).toBe('live');
    });

    test('tells whether more is stored than its forerunner found', async () => {
      const ref = await queuedImport();
      const first = await begun(ref);
      expect(await claims.advance(ref, first, 0)).toBe(true);
      await claims.pause(ref, first);
      const second = await begun(ref);
      expect(await claims.advance(ref, second, 0)).toBe(false);
      expect(await claims.advance(ref, second, 3)).toBe(true);
      expect(await claims.advance(ref, first, 4)).toBe(false);
      // Something was lost: what is made up for it counts.
      expect(await claims.advance(ref, second, 1)).toBe(false);
      expect(await claims.advance(ref, second, 2)).toBe(true);
    });
  });

  describe('an import that waits for a copy', () => {
    test('keeps its target for two hours from its last sign of life', async () => {
      const ref = await queuedImport();
      await claims.pause(ref, await begun(ref));
      for (let hours = 0; hours < 5; hours += 1) {
        later(119 * minute);
        expect(await claims.keepWaiting(ref)).toBe(true);
      }
      later(120 * minute);
      expect(await claims.holder(target)).toBe(ref.taskId);
      later(1);
      expect(await claims.holder(target)).toBeUndefined();
    });

    test('learns that it ends, or that another one has its target', async () => {
      const ref = await queuedImport();
      expect(await claims.keepWaiting(another())).toBe(false);
      await claims.end(ref, 'failure');
      expect(await claims.keepWaiting(ref)).toBe(false);
    });
  });

  describe('an import that ends', () => {
    test('badly lets no attempt begin but one that ends it', async () => {
      const ref = await queuedImport();
      await claims.end(ref, 'failure');
      expect(await claims.begin(ref, newAttemptId())).toBe('lost');
      expect(await claims.beginEnd(ref, newAttemptId())).toBe('mine');
      expect(await claims.beginEnd(ref, newAttemptId())).toBe('live');
    });

    test('badly is left alone by an attempt that wants to end it while another works', async () => {
      const ref = await queuedImport();
      await begun(ref);
      expect(await claims.beginEnd(ref, newAttemptId())).toBe('live');
    });

    test('well lets the step that ends it come again', async () => {
      const ref = await queuedImport();
      await claims.end(ref, 'success');
      expect(await claims.keepWaiting(ref)).toBe(false);
      await begun(ref);
    });

    test('takes the target where nobody has it, so that somebody ends it', async () => {
      const ref = another();
      expect(await claims.begin(ref, newAttemptId())).toBe('lost');
      expect(await claims.beginEnd(ref, newAttemptId())).toBe('mine');
      expect(await claims.holder(target)).toBe(ref.taskId);
      expect(await claims.beginEnd(another(), newAttemptId())).toBe('lost');
    });
  });

  test('each write may be sent twice, and knows its own', async () => {
    const { claims: losing } = storeOf().openLosing();
    const [ref, attempt] = [another(), newAttemptId()];
    expect(await losing.take(ref)).toEqual({ preempted: undefined });
    expect(await losing.take(another())).toBe(false);
    await losing.queued(ref);
    expect(await losing.begin(ref, attempt)).toBe('mine');
    expect(await losing.begin(ref, newAttemptId())).toBe('live');
    expect(await losing.renew(ref, attempt)).toBe(true);
    expect(await losing.renew(ref, newAttemptId())).toBe(false);
    expect(await losing.advance(ref, attempt, 5)).toBe(true);
    expect(await losing.advance(ref, attempt, 5)).toBe(true); // by its own writer: as if it was sent twice
    expect(await losing.takeBack(ref, undefined)).toBe(false);
    await losing.pause(ref, attempt);
    expect(await losing.keepWaiting(ref)).toBe(true);
    await losing.callOff(ref);
    await losing.end(ref, 'failure');
    expect(await losing.keepWaiting(ref)).toBe(false);
    expect(await losing.beginEnd(ref, newAttemptId())).toBe('mine');
    await losing.release(ref);
    expect(await losing.take(another())).toEqual({ preempted: undefined });
  });

  test('an attempt whose answer is lost has begun, although the import was kept waiting in between', async () => {
    const ref = await queuedImport();
    const kept = vi.fn(async () => {
      later(1000);
      await claims.keepWaiting(ref);
    });
    const { claims: losing } = storeOf().openLosing(kept);
    expect(await losing.begin(ref, newAttemptId())).toBe('mine');
    expect(kept).toHaveBeenCalled();
  });

  test('of two attempts that begin at once one has the import', async () => {
    const ref = { ...(await queuedImport()), taskId: (await claims.holder(target)) ?? newTaskId() };
    const attempts = Array.from({ length: 8 }, () => claims.begin(ref, newAttemptId()));
    expect((await Promise.all(attempts)).sort()).toEqual([...Array(7).fill('live'), 'mine']);
  });
};
