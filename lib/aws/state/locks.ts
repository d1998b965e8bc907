import type { Locks } from '../../state/locks.ts';
import type { Table } from '../table.ts';
import { lockKey } from './keys.ts';

/** Longer than replicate-image may take, ms. */
const leaseMs = 150_000;
const hourS = 3600;

/** An item for each lock that somebody has, with a lease that ends by itself after a crash. */
export const createLocks = (table: Table): Locks => ({
  take: (lock, attempt) => {
    const leaseUntil = Date.now() + leaseMs;
    const taken = { attempt, leaseUntil, expiresAtS: Math.ceil(leaseUntil / 1000) + hourS };
    const isFree = { expression: 'attribute_not_exists(leaseUntil) OR leaseUntil < :now' };
    return table.put(lockKey(lock), taken, { ...isFree, values: { ':now': Date.now() } });
  },
  release: async (lock, attempt) => {
    const held = { expression: 'attempt = :attempt', values: { ':attempt': attempt } };
    await table.remove(lockKey(lock), held);
  },
});
