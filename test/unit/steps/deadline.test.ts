import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FerryError } from '../../../lib/errors.ts';
import { createDeadline, type StoppableContext } from '../../../lib/steps/deadline.ts';
import { lambdaContext } from '../../integration/lambda.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const contextOf = (timeoutMs: number, stopping?: AbortSignal): StoppableContext => ({
  ...lambdaContext(timeoutMs),
  ...(stopping && { stopping }),
});

test('the time ends its reserve before the function does, and says so', async () => {
  const { signal, isStopping } = createDeadline(contextOf(100_000), 30);
  await vi.advanceTimersByTimeAsync(69_999);
  expect(signal.aborted).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(signal.reason).toMatchObject({ code: 'out-of-time', message: "The function's time ended" });
  expect(isStopping()).toBe(false);
});

test('a function that has less than the reserve ends at once', async () => {
  const { signal } = createDeadline(contextOf(10_000), 30);
  await vi.advanceTimersByTimeAsync(0);
  expect(signal.aborted).toBe(true);
});

test('a worker that is told to stop ends it before, and says that it is no lack of time', () => {
  const stopping = new AbortController();
  const { signal, isStopping, close } = createDeadline(contextOf(100_000, stopping.signal), 30);
  expect([signal.aborted, isStopping()]).toEqual([false, false]);
  stopping.abort();
  expect([signal.aborted, isStopping()]).toEqual([true, true]);
  close();
});

test('a run whose time has ended is not stopping for that', async () => {
  const stopping = new AbortController();
  const { signal, isStopping } = createDeadline(contextOf(31_000, stopping.signal), 30);
  await vi.advanceTimersByTimeAsync(1_000);
  expect([signal.reason.code, isStopping()]).toEqual(['out-of-time', false]);
});

test('a stop whose reason is the end of the time is no other end than that', () => {
  const stopping = new AbortController();
  const { signal, isStopping, close } = createDeadline(contextOf(100_000, stopping.signal), 30);
  stopping.abort(new FerryError('out-of-time', 'the end'));
  expect([signal.aborted, isStopping()]).toEqual([true, false]);
  close();
});

test('nothing is left of one that is closed', async () => {
  const { signal, close } = createDeadline(contextOf(100_000), 30);
  close();
  expect(vi.getTimerCount()).toBe(0);
  await vi.advanceTimersByTimeAsync(100_000);
  expect(signal.aborted).toBe(false);
});
