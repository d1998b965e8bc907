import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { whileHidden } from '../../../lib/steps/while-hidden.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a message stays hidden while somebody is at work with it, and not longer', async () => {
  const hidden: number[] = [];
  const hideFor = async (seconds: number) => void hidden.push(seconds);
  const { promise, resolve } = Promise.withResolvers<string>();
  const working = whileHidden({ hideFor }, 20, () => promise);
  await vi.advanceTimersByTimeAsync(45_000);
  expect(hidden).toEqual([60, 60, 60]);
  resolve('done');
  expect(await working).toBe('done');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(hidden).toHaveLength(3);
});

test('work goes on where its message cannot be hidden, and its failure is the work’s own', async () => {
  const hideFor = () => Promise.reject(new Error('SQS is away'));
  await expect(whileHidden({ hideFor }, 20, async () => 'done')).resolves.toBe('done');
  const failing = () => Promise.reject(new Error('its own'));
  await expect(whileHidden({ hideFor }, 20, failing)).rejects.toThrow('its own');
});
