import { setTimeout as delay } from 'node:timers/promises';

const pauseMs = 20;
const latestMs = 60;
const patienceMs = 20_000;

/**
 * Waits for a moment at which this process gets what it asks for: leases are short here, and on a busy machine a run that
 * begins too early would make all others lose theirs, which tells of the machine and not of the product.
 */
export const calmMoment = async (): Promise<void> => {
  for (const end = performance.now() + patienceMs; performance.now() < end; ) {
    const startedMs = performance.now();
    await delay(pauseMs);
    if (performance.now() - startedMs < latestMs) return;
  }
};
