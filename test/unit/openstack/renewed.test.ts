import { afterEach, expect, test, vi } from 'vitest';
import { createRenewed } from '../../../lib/openstack/renewed.ts';
import type { Token } from '../../../lib/schemas/ids.ts';

const { signal } = new AbortController();
const minute = 60_000;
afterEach(() => void vi.useRealTimers());

/** Gives `t1`, `t2`, …, each for so long, and counts. */
const issuing = (lifetimeMs: number) => {
  let count = 0;
  const renewed = createRenewed(async () => {
    count += 1;
    return { token: `t${count}` as Token, expiresAtMs: Date.now() + lifetimeMs };
  });
  return { token: async () => (await renewed.current({ signal })).token, drop: renewed.drop };
};

test('a token is kept until five minutes before its end', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 0 });
  const { token } = issuing(60 * minute);
  const at = async (minutes: number) => {
    vi.setSystemTime(minutes * minute);
    return await token();
  };
  expect([await at(0), await at(54), await at(56)]).toEqual(['t1', 't1', 't2']);
});

test('one that lives for two minutes is kept for one, and not replaced at each call', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 0 });
  const { token } = issuing(2 * minute);
  const at = async (seconds: number) => {
    vi.setSystemTime(seconds * 1000);
    return await token();
  };
  expect([await at(0), await at(59), await at(61)]).toEqual(['t1', 't1', 't2']);
});

test('one that is refused is replaced once, however many say so', async () => {
  const { token, drop } = issuing(60 * minute);
  expect(await Promise.all([token(), token()])).toEqual(['t1', 't1']);
  drop('t1');
  expect(await Promise.all([token(), token(), token()])).toEqual(['t2', 't2', 't2']);
  drop('t1'); // somebody was late
  expect(await token()).toBe('t2');
});

test('a failure is not kept', async () => {
  let count = 0;
  const renewed = createRenewed(async () => {
    count += 1;
    if (count === 1) throw new Error('away');
    return { token: 'later' as Token, expiresAtMs: Date.now() + minute };
  });
  await expect(renewed.current({ signal })).rejects.toThrow('away');
  expect((await renewed.current({ signal })).token).toBe('later');
});
