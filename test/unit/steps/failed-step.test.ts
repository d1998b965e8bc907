import { describe, expect, test } from 'vitest';
import { type ErrorCode, FerryError } from '../../../lib/errors.ts';
import { log } from '../../../lib/log.ts';
import { runStep } from '../../../lib/steps/run-step.ts';
import { deadlineOf, useStep } from './step-at-work.ts';

const use = useStep();
const fails = (code: ErrorCode) => () => Promise.reject(new FerryError(code, `because of ${code}`));
const run = (step = fails('unavailable'), received = use().received()) =>
  runStep(use().services, use().step(step), received);

describe('a step that fails for good', () => {
  test.each(['conflict', 'data-mismatch', 'out-of-time', 'not-found'] as const)(
    '(%s) does what it is to do about it, and its message is done',
    async (code) => {
      await run(fails(code));
      expect(use().failures).toMatchObject([{ code, message: `because of ${code}` }]);
      expect(use().sent).toEqual([{ to: 'fail-import', message: use().ref }]);
      expect(use().reasons).toEqual([]);
      expect(use().calls).toEqual(['hide 60', 'begin', 'renew', 'pause', 'send fail-import']);
    },
  );

  test('where even that is tried again keeps its reason, and its message', async () => {
    const step = use().step(fails('conflict'), { failed: () => 'retry' });
    const ran = runStep(use().services, step, use().received());
    await expect(ran).rejects.toMatchObject({ code: 'conflict' });
    expect(use().reasons).toEqual(['because of conflict']);
    expect(use().hidden).toEqual([60, 10]);
    expect(await use().beginAnother()).toBe('mine');
  });

  test('and cannot tell those who are to know keeps its message', async () => {
    const away = { ...use().services, send: () => Promise.reject(new FerryError('unavailable', 'no queue')) };
    const ran = runStep(away, use().step(fails('conflict')), use().received());
    await expect(ran).rejects.toThrow('no queue');
    expect(use().hidden).toEqual([60, 10]);
  });
});

describe('a step that fails for now', () => {
  test.each(['unavailable', 'internal', 'upload-gone'] as const)(
    '(%s) keeps its message for another try, and its reason',
    async (code) => {
      await expect(run(fails(code))).rejects.toMatchObject({ code });
      expect(use().sent).toEqual([]);
      expect(use().reasons).toEqual([`because of ${code}`]);
      expect(use().hidden).toEqual([60, 10]);
      expect(await use().beginAnother()).toBe('mine');
    },
  );

  test.each([
    [2_500, 10],
    [31_500, 32],
    [3_600_000, 900],
  ])('is left alone for as long as was asked for: %i ms, %i s', async (retryAfterMs, seconds) => {
    const busy = () => Promise.reject(new FerryError('unavailable', 'busy', { retryAfterMs }));
    await expect(run(busy)).rejects.toThrow('busy');
    expect(use().hidden.at(-1)).toBe(seconds);
  });

  test.each([
    [1, 10],
    [2, 20],
    [3, 40],
    [5, 160],
    [8, 900],
    [100, 900],
  ])('waits longer each time: received %i times, %i s', async (receiveCount, seconds) => {
    await expect(run(fails('unavailable'), use().received({ receiveCount }))).rejects.toThrow();
    expect(use().hidden.at(-1)).toBe(seconds);
  });

  test('ends its attempt before its message comes again', async () => {
    await expect(run()).rejects.toThrow();
    expect(use().calls).toEqual(['hide 60', 'begin', 'renew', 'pause', 'hide 10']);
  });

  test('by a mistake of our own shows a general message; its text stays in the log', async () => {
    const mistake = () => Promise.reject(new TypeError('secret internals'));
    await expect(run(mistake)).rejects.toMatchObject({ code: 'internal' });
    expect(use().reasons).toEqual([expect.stringMatching(/^The server has either erred/)]);
  });

  test('is retried although it does not record why it failed', async () => {
    const { keepReason: _, ...step } = use().step(fails('unavailable'));
    await expect(runStep(use().services, step, use().received())).rejects.toThrow('because of unavailable');
    expect(use().hidden).toEqual([60, 10]);
  });
});

describe('the end of its time', () => {
  test('ends the step with its own reason', async () => {
    const controller = new AbortController();
    const late = async ({ signal }: { signal: AbortSignal }): Promise<never> => {
      controller.abort(new FerryError('out-of-time', 'the time ended'));
      signal.throwIfAborted();
      return expect.fail('it went on');
    };
    await runStep(
      use().services,
      use().step(late),
      use().received({ deadline: deadlineOf(controller.signal) }),
    );
    expect(use().failures).toMatchObject([{ code: 'out-of-time', message: 'the time ended' }]);
  });

  test.each(['conflict', 'unavailable'] as const)(
    'of a worker that was told to stop is no fault (%s): the message comes anew after a while',
    async (code) => {
      const stopping = deadlineOf(AbortSignal.abort(), true);
      await run(fails(code), use().received({ deadline: stopping, receiveCount: 4 }));
      expect(use().sent).toEqual([{ to: 'stream-image', message: use().ref, delayS: 10 }]);
      expect([use().failures, use().reasons]).toEqual([[], []]);
      expect(await use().beginAnother()).toBe('mine');
    },
  );
});

test('what is thrown where nothing has begun keeps the message as it is', async () => {
  const away = async () => Promise.reject(new FerryError('unavailable', 'no table'));
  const step = use().step(() => expect.fail('it ran'), { begin: away });
  await expect(runStep(use().services, step, use().received())).rejects.toThrow('no table');
  expect(use().calls).toEqual(['hide 60']);
});

test('whoever operates it finds code and reason in the log', async () => {
  const lines: unknown[] = [];
  const named = log.createChild();
  named.warn = (...line) => void lines.push(line);
  const step = use().step(fails('not-found'), { logOf: () => named });
  await runStep(use().services, step, use().received());
  expect(lines).toMatchObject([['step failed', { code: 'not-found', reason: 'because of not-found' }]]);
});
