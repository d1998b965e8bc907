import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type ErrorCode, FerryError } from '../../../lib/errors.ts';
import { log } from '../../../lib/log.ts';
import {
  type HeartbeatOptions,
  heartbeatsHidden,
  leaseMsOf,
  startHeartbeat,
} from '../../../lib/steps/heartbeat.ts';

const heartbeatS = 20;
const leaseMs = leaseMsOf(heartbeatS);
/** What was called, and when, in s. */
let calls: [number, string][];
let startedMs: number;
let stop: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  log.setLogLevel('SILENT');
  calls = [];
  startedMs = Date.now();
});
afterEach(() => {
  stop();
  vi.useRealTimers();
});

const seconds = (s: number) => vi.advanceTimersByTimeAsync(s * 1000);
const pass = (s: number) => new Promise<void>((ended) => setTimeout(ended, s * 1000));
const told = (call: string): void => void calls.push([(Date.now() - startedMs) / 1000, call]);
const timesOf = (call: string) => calls.filter(([, name]) => name === call).map(([at]) => at);
const fails = (code: ErrorCode) => Promise.reject(new FerryError(code, `it is ${code}`));

/** A heartbeat whose every call succeeds but those that are given. */
const start = (more: Partial<HeartbeatOptions> = {}) => {
  const options: HeartbeatOptions = {
    ...{ heartbeatS, leaseMs, leaseSinceMs: performance.now(), names: { taskId: 'one' } },
    renewLease: async () => true,
    keep: async () => undefined,
    look: async () => undefined,
    ...more,
  };
  const heartbeat = startHeartbeat({
    ...options,
    renewLease: () => {
      told('renew');
      return options.renewLease();
    },
    keep: () => {
      told('keep');
      return options.keep();
    },
    look: (signal) => {
      told('look');
      return options.look(signal);
    },
  });
  stop = heartbeat.stop;
  return heartbeat;
};

describe('a step at work', () => {
  test('is kept alive at each beat, for as long as it works, and no longer', async () => {
    const { signal, stop } = start();
    await seconds(3_600);
    expect(timesOf('renew')).toEqual(Array.from({ length: 180 }, (_, beat) => (beat + 1) * 20));
    expect(timesOf('keep')).toEqual(timesOf('renew'));
    expect(signal.aborted).toBe(false);
    stop();
    await seconds(3_600);
    expect(timesOf('renew')).toHaveLength(180);
    expect([signal.aborted, vi.getTimerCount()]).toEqual([false, 0]);
  });

  test.each([0, 5, 15])(
    'has a lease that ends before its message comes again, though hiding it takes %d s',
    async (slowS) => {
      let [leaseEnds, comesAgain] = [0, 0];
      start({
        renewLease: async () => {
          leaseEnds = Date.now() + leaseMs;
          return true;
        },
        keep: async () => {
          comesAgain = Date.now() + heartbeatsHidden * heartbeatS * 1000;
          await pass(slowS);
        },
      });
      await seconds(19.9);
      for (let beat = 0; beat < 5; beat += 1) {
        await seconds(20);
        expect(leaseEnds).toBeLessThan(comesAgain);
      }
    },
  );

  test('gets one beat at a time, however slow the table is', async () => {
    let [atOnce, most] = [0, 0];
    start({
      renewLease: async () => {
        atOnce += 1;
        most = Math.max(most, atOnce);
        await pass(45);
        atOnce -= 1;
        return true;
      },
    });
    await seconds(600);
    expect([most, timesOf('renew').slice(0, 3)]).toEqual([1, [20, 80, 140]]);
  });

  test('that has ended is not hidden by a beat which was on its way', async () => {
    const { stop, signal } = start({
      renewLease: async () => {
        await pass(5);
        return true;
      },
    });
    await seconds(22);
    stop();
    await seconds(600);
    expect([timesOf('keep'), signal.aborted, vi.getTimerCount()]).toEqual([[], false, 0]);
  });
});

describe('a lease', () => {
  test('that is another attempt’s ends the step, whose message is left alone', async () => {
    const { signal } = start({ renewLease: async () => false });
    await seconds(20);
    expect(signal.reason).toMatchObject({ code: 'claim-lost' });
    expect(timesOf('keep')).toEqual([]);
  });

  test.each([
    ['fails', () => fails('unavailable')],
    ['never ends', () => new Promise<never>(() => undefined)],
  ])('whose renewal %s ends the step when it has run out, and not before', async (_, renewLease) => {
    const { signal } = start({ renewLease });
    await seconds(leaseMs / 1000 - 1);
    expect(signal.aborted).toBe(false);
    await seconds(1);
    expect(signal.reason).toMatchObject({
      code: 'unavailable',
      message: 'The lease could not be renewed for 50 s: another attempt may be at work',
    });
  });

  test('lasts from when it was asked for: its step may have begun long after', async () => {
    const { signal } = start({
      leaseSinceMs: performance.now() - 15_000,
      renewLease: () => fails('unavailable'),
    });
    await seconds(leaseMs / 1000 - 15);
    expect(signal.aborted).toBe(true);
  });

  test('lasts from when its renewal was begun: the answer may have taken long', async () => {
    let renewals = 0;
    const { signal } = start({
      renewLease: async () => {
        renewals += 1;
        if (renewals > 1) return await fails('unavailable');
        await pass(15);
        return true;
      },
    });
    await seconds(20 + leaseMs / 1000 - 1);
    expect(signal.aborted).toBe(false);
    await seconds(1);
    expect(signal.aborted).toBe(true);
  });

  test('that was renewed lets the step work, though its message cannot be hidden', async () => {
    const { signal } = start({ keep: () => fails('unavailable') });
    await seconds(600);
    expect([signal.aborted, timesOf('renew').length]).toEqual([false, 30]);
  });
});

describe('what a step works for', () => {
  test.each(['not-found', 'conflict'] as const)(
    'and is gone (%s) ends it, when it is still gone at the next look',
    async (code) => {
      const { signal } = start({ look: () => fails(code) });
      await seconds(39);
      expect(signal.aborted).toBe(false);
      await seconds(1);
      expect(signal.reason).toMatchObject({ code, message: `it is ${code}` });
    },
  );

  test.each(['unavailable', 'unauthorized', 'internal'] as const)(
    'and cannot be seen (%s) lets it work',
    async (code) => {
      const { signal } = start({ look: () => fails(code) });
      await seconds(600);
      expect(signal.aborted).toBe(false);
    },
  );

  test('and is missing for a moment lets it work', async () => {
    let looks = 0;
    const { signal } = start({
      look: async () => {
        looks += 1;
        if (looks % 2 === 1) await fails('not-found');
      },
    });
    await seconds(600);
    expect([signal.aborted, looks]).toEqual([false, 30]);
  });

  test('and is gone between two looks that could not be made ends it', async () => {
    const answers = [() => fails('not-found'), () => fails('unavailable'), () => fails('not-found')];
    const { signal } = start({ look: async () => await answers.shift()?.() });
    await seconds(60);
    expect(signal.reason).toMatchObject({ code: 'not-found' });
  });

  test('is looked at once at a time, and the lease is renewed meanwhile', async () => {
    const { stop } = start({
      look: (signal) => new Promise((_, ended) => signal.addEventListener('abort', ended)),
    });
    await seconds(100);
    expect([timesOf('look'), timesOf('renew')]).toEqual([[20], [20, 40, 60, 80, 100]]);
    stop();
    await seconds(1);
  });
});

test('a beat that fails is told in the log, but not when the step has ended meanwhile', async () => {
  const warn = vi.spyOn(log, 'warn').mockReturnValue(undefined);
  const renewLease = async () => {
    await pass(5);
    return await fails('unavailable');
  };
  const { stop } = start({ renewLease });
  await seconds(45);
  expect(warn.mock.calls).toMatchObject([
    ['heartbeat failed', { about: { taskId: 'one' }, error: { code: 'unavailable' } }],
    ['heartbeat failed', { about: { taskId: 'one' }, error: { code: 'unavailable' } }],
  ]);
  warn.mockClear();
  await seconds(16);
  stop();
  await seconds(60);
  expect(warn).not.toHaveBeenCalled();
  warn.mockRestore();
});
