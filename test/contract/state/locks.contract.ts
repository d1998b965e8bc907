import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { newAttemptId, type RegionName } from '../../../lib/schemas/ids.ts';
import type { Lock, Locks } from '../../../lib/state/locks.ts';
import type { StateStore } from './store.ts';

/** Longer than a lock is held without a sign of life, ms. */
const leaseOverMs = 150_001;

/** What `Locks` promises. */
export const locksContract = (storeOf: () => StateStore): void => {
  let locks: Locks;
  let lock: Lock;
  beforeEach(() => {
    locks = storeOf().open().locks;
    lock = { policy: randomUUID(), region: 'REGION2' as RegionName };
  });

  describe('a lock', () => {
    test('is taken by one of many attempts, and by the next one when that releases it', async () => {
      const attempts = Array.from({ length: 6 }, newAttemptId);
      const taken = await Promise.all(attempts.map((attempt) => locks.take(lock, attempt)));
      expect(taken.filter(Boolean)).toHaveLength(1);
      for (const attempt of attempts) await locks.release(lock, attempt);
      expect(await locks.take(lock, newAttemptId())).toBe(true);
    });

    test('is of one policy in one region', async () => {
      await locks.take(lock, newAttemptId());
      expect(await locks.take({ ...lock, region: 'REGION3' as RegionName }, newAttemptId())).toBe(true);
      expect(await locks.take({ ...lock, policy: randomUUID() }, newAttemptId())).toBe(true);
    });

    test('is free again after a crash, and not released by who had it before', async () => {
      const [lost, other] = [newAttemptId(), newAttemptId()];
      await locks.take(lock, lost);
      vi.setSystemTime(Date.now() + leaseOverMs);
      expect(await locks.take(lock, other)).toBe(true);
      await locks.release(lock, lost);
      expect(await locks.take(lock, newAttemptId())).toBe(false);
    });

    test('is taken by a write that is sent twice', async () => {
      const sentTwice = storeOf().openLosing().locks;
      expect(await sentTwice.take(lock, newAttemptId())).toBe(true);
    });
  });
};
