import { expect, test } from 'vitest';
import { ignored, untilAborted } from '../../lib/promises.ts';

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
