import { expect, test } from 'vitest';
import { createOnce } from '../../../bridge/once.ts';

const windowMs = 60_000;

test('the same work is done once within the window, and anew after it', async () => {
  let [nowMs, count] = [0, 0];
  const once = createOnce(windowMs, () => nowMs);
  const work = async () => {
    count += 1;
  };
  expect(await once('a', work)).toBe('now');
  nowMs = windowMs - 1;
  expect(await once('a', work)).toBe('before');
  expect(await once('b', work)).toBe('now');
  nowMs = windowMs;
  expect(await once('a', work)).toBe('now');
  expect(count).toBe(3);
});

test('who asks while it is being done gets its end, also its failure, after which it is done anew', async () => {
  const once = createOnce(windowMs);
  const { promise, reject } = Promise.withResolvers<void>();
  const both = [once('a', () => promise), once('a', () => Promise.reject(new Error('a second time')))];
  reject(new Error('away'));
  const ends = await Promise.allSettled(both);
  expect(ends).toMatchObject([{ reason: { message: 'away' } }, { reason: { message: 'away' } }]);
  expect(await once('a', async () => undefined)).toBe('now');
});

test('without a window it is always done anew', async () => {
  const once = createOnce(0);
  expect([await once('a', async () => 1), await once('a', async () => 1)]).toEqual(['now', 'now']);
});

test('ten thousand keys are remembered at most', async () => {
  const once = createOnce(windowMs);
  for (let n = 0; n <= 10_000; n += 1) await once(`${n}`, async () => undefined);
  expect(await once('10000', async () => undefined)).toBe('before');
  expect(await once('0', async () => undefined)).toBe('now');
});
