import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createLookAtWaiters } from '../../../lib/copies/look-at-waiters.ts';
import { type ErrorCode, FerryError } from '../../../lib/errors.ts';
import type { Copies } from '../../../lib/state/copies.ts';
import type { Copy } from '../../../lib/state/copy.ts';
import type { ImportRef } from '../../../lib/state/refs.ts';
import { newCopy, newImport } from '../../contract/state/fixtures.ts';

const heartbeatS = 20;
const options = { signal: new AbortController().signal };
let waiting: ImportRef[];
let copy: Copy;
/** Those who were looked at, and those who have failed. */
let looked: ImportRef[];
let failed: [ImportRef, string][];
/** What is found of an import; nothing where it still waits. */
let found: Map<ImportRef, ErrorCode>;
let look: ReturnType<typeof createLookAtWaiters>;

const seconds = (s: number) => vi.setSystemTime(Date.now() + s * 1000);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: 0 });
  [waiting, looked, failed, found] = [[newImport(), newImport(), newImport()], [], [], new Map()];
  copy = { ...newCopy(), createdAt: '', updatedAt: '', rows: new Map(), waiting };
  look = lookEvery(heartbeatS);
});
afterEach(() => vi.useRealTimers());

const lookEvery = (everyS: number) =>
  createLookAtWaiters({
    copies: { get: async () => ({ ...copy, waiting }) } as unknown as Copies,
    waiters: {
      open: () => expect.fail('it was opened'),
      touch: () => expect.fail('it was touched'),
      keep: async (ref) => {
        looked.push(ref);
        const code = found.get(ref);
        if (code) throw new FerryError(code, `it is ${code}`);
      },
      fail: async (ref, error) => void failed.push([ref, error.message]),
    },
    heartbeatS: everyS,
  });

/** @param rows that are at work */
const beats = async (count: number, rows: readonly number[] = [0], everyS = heartbeatS): Promise<void> => {
  for (let beat = 0; beat < count; beat += 1) {
    for (const row of rows) await look(copy, { copyId: copy.copyId, row }, options);
    seconds(everyS);
  }
};

describe('at each heartbeat', () => {
  test('one of those who wait is looked at, each in turn', async () => {
    await beats(6);
    expect(looked).toEqual([...waiting, ...waiting]);
  });

  test('as many are looked at as it takes to keep the claims of all, however many wait', async () => {
    const all = Array.from({ length: 500 }, () => newImport());
    const beatings = fc.record({
      count: fc.integer({ min: 1, max: all.length }),
      beatS: fc.integer({ min: 1, max: 60 }),
      row: fc.integer({ min: 0, max: 16 }),
      fromS: fc.integer({ min: 0, max: 2 ** 31 }),
    });
    await fc.assert(
      fc.asyncProperty(beatings, async ({ count, beatS, row, fromS }) => {
        [waiting, looked] = [all.slice(0, count), []];
        look = lookEvery(beatS);
        vi.setSystemTime(fromS * 1000);
        await beats(Math.floor(3600 / beatS), [row], beatS);
        expect(new Set(looked).size).toBe(count);
      }),
      { numRuns: 50 },
    );
  });

  test('rows that are at work beside each other look at others', async () => {
    await beats(1, [1, 2, 3]);
    expect(new Set(looked)).toEqual(new Set(waiting));
  });

  test('who has joined since is looked at, who has left is not', async () => {
    const [left, ...others] = waiting;
    waiting = [...others, newImport()];
    await beats(6);
    expect(looked).not.toContain(left);
    expect(new Set(looked)).toEqual(new Set(waiting));
  });

  test('nobody is looked at where nobody waits', async () => {
    waiting = [];
    await beats(3);
    expect(looked).toEqual([]);
  });
});

describe('an import whose target is gone', () => {
  test.each(['not-found', 'conflict'] as const)(
    '(%s) at two looks fails, the others do not',
    async (code) => {
      const [gone] = waiting;
      if (gone) found.set(gone, code);
      await beats(3);
      expect(failed).toEqual([]);
      await beats(1);
      expect(failed).toEqual([[gone, `it is ${code}`]]);
    },
  );

  test('for a moment waits on', async () => {
    const [gone] = waiting;
    for (let round = 0; round < 4; round += 1) {
      if (gone && round % 2 === 0) found.set(gone, 'not-found');
      else found.clear();
      await beats(3);
    }
    expect(failed).toEqual([]);
  });

  test('is not confused with one whose Glance is unavailable: that one goes on waiting', async () => {
    for (const ref of waiting) found.set(ref, 'unavailable');
    await beats(12);
    expect(failed).toEqual([]);
  });

  test('fails by two looks of one row: rows that look at the same moment may meet the same replica', async () => {
    waiting = waiting.slice(0, 1);
    for (const ref of waiting) found.set(ref, 'not-found');
    await beats(1, [1, 2, 3]);
    expect(failed).toEqual([]);
    await beats(1, [1]);
    expect(failed).toHaveLength(1);
  });
});
