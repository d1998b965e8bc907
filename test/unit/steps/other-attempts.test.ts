import { describe, expect, test, vi } from 'vitest';
import { claimLost, FerryError } from '../../../lib/errors.ts';
import { newAttemptId } from '../../../lib/schemas/ids.ts';
import { done } from '../../../lib/steps/outcome.ts';
import { goOnWith, runStep } from '../../../lib/steps/run-step.ts';
import { useStep } from './step-at-work.ts';

const use = useStep();
const mustNotRun = () => use().step(() => expect.fail('it ran'));

/** What a run works until it is told to stop: it throws the reason. */
const untilStopped = async (signal: AbortSignal): Promise<never> => {
  await new Promise((ended) => signal.addEventListener('abort', ended, { once: true }));
  throw signal.reason;
};

describe('a message that finds another attempt at work', () => {
  test.each([1, 5])(
    '(received %i times) comes anew after a minute, and nothing runs',
    async (receiveCount) => {
      await use().beginAnother();
      await runStep(use().services, mustNotRun(), use().received({ receiveCount, waits: 3 }));
      expect(use().sent).toEqual([{ to: 'stream-image', message: use().ref, delayS: 60 }]);
    },
  );

  test('does not disturb it', async () => {
    const other = newAttemptId();
    await use().beginAnother(other);
    await runStep(use().services, mustNotRun(), use().received());
    expect(await use().leases.renew(use().ref, other)).toBe(true);
  });
});

describe('an attempt that takes over', () => {
  test('ends the step, which says nothing and looks again after a while', async () => {
    const other = newAttemptId();
    let reason: unknown;
    /** A heartbeat of the first attempt may come in between. */
    const takeOver = async () => {
      await use().expireLease();
      return await use().beginAnother(other);
    };
    const step = use().step(async ({ signal }) => {
      await expect.poll(takeOver, { timeout: 30_000 }).toBe('mine');
      return await untilStopped(signal).catch((error: unknown) => {
        reason = error;
        throw error;
      });
    });
    await runStep({ ...use().services, heartbeatS: 0.05 }, step, use().received());
    expect(reason).toMatchObject({ code: 'claim-lost' });
    // The other one may work for the same message, which is deleted now: should it die, this one goes on.
    expect(use().sent).toEqual([{ to: 'stream-image', message: use().ref, delayS: 3 * 0.05 }]);
    expect([use().failures, use().reasons]).toEqual([[], []]);
    expect(await use().leases.renew(use().ref, other)).toBe(true);
  });

  test.each(['conflict', 'unavailable'] as const)(
    'is not disturbed by the failure (%s) of the one before',
    async (code) => {
      const other = newAttemptId();
      const step = use().step(async () => {
        await use().expireLease();
        expect(await use().beginAnother(other)).toBe('mine');
        throw new FerryError(code, 'too late');
      });
      await runStep(use().services, step, use().received());
      expect([use().failures, use().reasons]).toEqual([[], []]);
      expect(use().sent).toEqual([{ to: 'stream-image', message: use().ref, delayS: 60 }]);
      expect(await use().leases.renew(use().ref, other)).toBe(true);
    },
  );

  test('or an end that came in between, as a write has found, is left alone though the lease is still there', async () => {
    const step = use().step(() => Promise.reject(claimLost()));
    await runStep(use().services, step, use().received());
    expect([use().failures, use().reasons]).toEqual([[], []]);
    expect(use().sent).toEqual([{ to: 'stream-image', message: use().ref, delayS: 60 }]);
  });

  test('begins as soon as the lease has run out that could not be renewed', async () => {
    const leases = use().leasesOf(300);
    const deaf = {
      ...leases,
      renew: async () => Promise.reject(new FerryError('unavailable', 'no table')),
    };
    let reason: unknown;
    const step = use().step(
      ({ signal }) =>
        untilStopped(signal).catch((error: unknown) => {
          reason = error;
          throw error;
        }),
      { leases: deaf },
    );
    const run = runStep({ ...use().services, heartbeatS: 0.05 }, step, use().received());
    await expect(run).rejects.toThrow('no table');
    expect(reason).toMatchObject({ code: 'unavailable' });
    await expect.poll(() => use().beginAnother()).toBe('mine');
  });
});

describe('a message that comes too late', () => {
  test('does nothing when there is nothing to work at any more', async () => {
    await use().leases.release(use().ref);
    await runStep(use().services, mustNotRun(), use().received());
    expect(use().sent).toEqual([]);
    expect(await use().claim()).toBeUndefined();
  });

  test('does what its step has for such a case', async () => {
    await use().leases.release(use().ref);
    const cleared: unknown[] = [];
    const lost = async (ref: object, { signal }: { signal: AbortSignal }) =>
      void cleared.push(ref, signal.aborted);
    await runStep(use().services, { ...mustNotRun(), lost }, use().received());
    expect(cleared).toEqual([use().ref, false]);
  });

  test('of something that is gone ends its attempt', async () => {
    const step = { ...mustNotRun(), load: async () => undefined };
    await runStep(use().services, step, use().received());
    expect(await use().beginAnother()).toBe('mine');
    expect(use().sent).toEqual([]);
  });
});

test('a step may begin where others may not', async () => {
  await use().leases.end(use().ref, 'failure');
  let hasRun = false;
  const step = use().step(
    async () => {
      hasRun = true;
      return done;
    },
    { begin: use().leases.beginEnd },
  );
  await runStep(use().services, step, use().received());
  expect(hasRun).toBe(true);
});

test('an attempt that was asked for so long ago that its lease is over ends before another one can be beside it', async () => {
  vi.spyOn(performance, 'now').mockReturnValueOnce(0).mockReturnValue(3_600_000);
  const step = use().step(({ signal }) => untilStopped(signal));
  await expect(runStep(use().services, step, use().received())).rejects.toThrow('could not be renewed');
  vi.restoreAllMocks();
});

describe('an invocation that goes on with a copy', () => {
  const ran: unknown[] = [];
  const goOn = (inHand: Parameters<typeof goOnWith>[3] = {}) => {
    ran.length = 0;
    const step = use().step(async (run) => {
      ran.push(run.attempt);
      return done;
    });
    return goOnWith(use().services, step, use().received(), inHand);
  };

  test('has its attempt already, where it has begun the copy', async () => {
    const attempt = newAttemptId();
    await use().beginAnother(attempt);
    await goOn({ attempt });
    expect(ran).toEqual([attempt]);
    expect(use().calls).toEqual(['begin', 'pause']);
    expect(await use().beginAnother()).toBe('mine');
  });

  test('begins an attempt, where it has joined one that nobody is at', async () => {
    await goOn();
    expect(ran).toEqual([expect.any(String)]);
    expect(use().calls).toEqual(['hide 60', 'begin', 'pause']);
  });

  test('leaves it to the attempt that is at it, and sends nothing: that one hands on', async () => {
    await use().beginAnother();
    await goOn();
    expect([ran, use().sent]).toEqual([[], []]);
  });

  test('looks again where an earlier run of its own may have been that attempt, and have died', async () => {
    await use().beginAnother();
    await goOn({ isAgain: true });
    expect(ran).toEqual([]);
    expect(use().sent).toEqual([{ to: 'stream-image', message: use().ref, delayS: 60 }]);
  });

  test('keeps the message when it fails for now, like any other step', async () => {
    const attempt = newAttemptId();
    await use().beginAnother(attempt);
    const step = use().step(() => Promise.reject(new FerryError('unavailable', 'later')));
    await expect(goOnWith(use().services, step, use().received(), { attempt })).rejects.toThrow('later');
    expect(use().reasons).toEqual(['later']);
    expect(await use().beginAnother()).toBe('mine');
  });
});
