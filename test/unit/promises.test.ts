import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { atMost, ignored, untilAborted } from '../../lib/promises.ts';

const never = new Promise<never>(ignored);

test('what cannot be aborted is waited for until the signal ends', async () => {
  const reason = new Error('the time ended');
  const controller = new AbortController();
  const waited = untilAborted(never, controller.signal);
  controller.abort(reason);
  await expect(waited).rejects.toBe(reason);
  await expect(untilAborted(never, AbortSignal.abort(reason))).rejects.toBe(reason);
});

test('what comes before, comes, or throws', async () => {
  const { signal } = new AbortController();
  expect(await untilAborted(Promise.resolve(5), signal)).toBe(5);
  const reason = new Error('no');
  await expect(untilAborted(Promise.reject(reason), signal)).rejects.toBe(reason);
});

test('so many are at work at most, and their results come in the order of the items', async () => {
  let [atWork, most] = [0, 0];
  const results = await atMost(2, [30, 10, 20, 0], async (ms) => {
    atWork += 1;
    most = Math.max(most, atWork);
    await delay(ms);
    atWork -= 1;
    return ms;
  });
  expect([results, most]).toEqual([[30, 10, 20, 0], 2]);
  expect(await atMost(2, [], () => Promise.reject(new Error('nothing to do')))).toEqual([]);
});

test('after one that fails no further one begins', async () => {
  const begun: number[] = [];
  const all = atMost(2, [1, 2, 3, 4, 5], async (item) => {
    begun.push(item);
    await delay(item === 1 ? 1 : 20);
    if (item === 1) throw new Error('the first one');
  });
  await expect(all).rejects.toThrow('the first one');
  await delay(60);
  expect(begun).toEqual([1, 2]);
});
