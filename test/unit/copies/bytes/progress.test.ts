import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createProgress } from '../../../../lib/copies/bytes/progress.ts';

let written: number[];
const write = async (value: number): Promise<void> => void written.push(value);

beforeEach(() => {
  vi.useFakeTimers();
  written = [];
});
afterEach(() => vi.useRealTimers());

describe('progress', () => {
  test('is written at once, then each second, always the latest', async () => {
    const progress = createProgress(write);
    for (let value = 1; value <= 100; value += 1) {
      progress.report(value);
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(written).toEqual([1, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
  });

  test('that stands still has been told whole', async () => {
    const progress = createProgress(write);
    progress.report(1);
    await vi.advanceTimersByTimeAsync(1);
    progress.report(2);
    await vi.advanceTimersByTimeAsync(1000);
    expect(written).toEqual([1, 2]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(written).toEqual([1, 2]);
  });

  test('never runs backwards, and tells nothing that is known', async () => {
    const progress = createProgress(write, 10);
    for (const value of [5, 10, 12, 11, 3]) {
      progress.report(value);
      await vi.advanceTimersByTimeAsync(2000);
    }
    expect(written).toEqual([12]);
  });

  test('goes on after a write that failed', async () => {
    const progress = createProgress(async (value) => {
      if (value === 1) throw new Error('no table');
      await write(value);
    });
    progress.report(1);
    await vi.advanceTimersByTimeAsync(1000);
    progress.report(2);
    await vi.advanceTimersByTimeAsync(1000);
    expect(written).toEqual([2]);
  });

  test('writes one value at a time, and nothing after it was stopped', async () => {
    let finish = () => {};
    const progress = createProgress(async (value) => {
      await new Promise<void>((done) => {
        finish = done;
      });
      await write(value);
    });
    progress.report(1);
    await vi.advanceTimersByTimeAsync(1);
    progress.report(2);
    const stopped = progress.stop();
    finish();
    await stopped;
    await vi.advanceTimersByTimeAsync(5000);
    expect(written).toEqual([1]);
  });

  test('of a copy that breaks off tells the latest before it ends', async () => {
    const progress = createProgress(write);
    progress.report(1);
    await vi.advanceTimersByTimeAsync(1);
    progress.report(2);
    await progress.breakOff();
    expect(written).toEqual([1, 2]);
    await vi.advanceTimersByTimeAsync(5000);
    expect(written).toEqual([1, 2]);
  });
});
