import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { StoppableContext } from '../../../lib/steps/deadline.ts';
import { directHandler } from '../../../lib/steps/direct-handler.ts';
import { lambdaContext } from '../../integration/lambda.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const untilAborted = (_event: unknown, { signal }: { readonly signal: AbortSignal }) =>
  new Promise<never>((_, failed) => signal.addEventListener('abort', () => failed(signal.reason)));
const waiting = directHandler(30, untilAborted);

test("a run gets its event, and its answer is the function's", async () => {
  expect(await directHandler(30, async (event) => ({ event }))({ dryRun: true }, lambdaContext())).toEqual({
    event: { dryRun: true },
  });
});

test('a run whose time ends fails its reserve before the function is killed, and says why', async () => {
  const ended = expect(waiting({}, lambdaContext(300_000))).rejects.toMatchObject({
    code: 'out-of-time',
    message: "The function's time ended",
  });
  await vi.advanceTimersByTimeAsync(270_000);
  await ended;
});

test('a run whose worker is told to stop ends at once', async () => {
  const stopping = new AbortController();
  const context: StoppableContext = { ...lambdaContext(300_000), stopping: stopping.signal };
  const reason = new Error('told to stop');
  const ended = expect(waiting({}, context)).rejects.toBe(reason);
  stopping.abort(reason);
  await ended;
});

test.each([
  ['ends', () => Promise.resolve()],
  ['fails', () => Promise.reject(new Error('refused'))],
])('no timer is left of a run that %s', async (_, run) => {
  const before = vi.getTimerCount();
  await directHandler(30, run)({}, lambdaContext()).catch(() => undefined);
  expect(vi.getTimerCount()).toBe(before);
});
