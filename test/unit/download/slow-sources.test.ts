import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { ByteSource } from '../../../lib/download/download.ts';
import { startReading } from '../../../lib/download/reading.ts';
import { TooSlow } from '../../../lib/http/framing/faults.ts';
import { readAll } from '../byte-readers.ts';

const live = new AbortController().signal;
const size = 1000;
let opened = 0;
afterEach(() => {
  opened = 0;
});

/** A source that gives so many bytes a connection, and then ends so. */
const source = (bytes: number, end: Error): ByteSource => ({
  name: 'the source',
  open: async ({ offset = 0 }) => {
    opened += 1;
    let left = Math.min(bytes, size - offset);
    const isWhole = left === size - offset;
    return {
      startsAt: offset,
      length: size - offset,
      body: {
        close: () => undefined,
        fill: async (target) => {
          await delay(0);
          const came = Math.min(left, target.length);
          if (came === 0 && !isWhole) throw end;
          left -= came;
          return came;
        },
      },
    };
  },
});

const read = async (from: ByteSource, forgottenAfter?: number): Promise<Buffer> => {
  const budget = { retries: 2, firstDelayMs: 1, ...(forgottenAfter !== undefined && { forgottenAfter }) };
  return await readAll(await startReading(from, { size, budget, signal: live }));
};

const reset = new Error('read ECONNRESET');
const tooSlow = new TooSlow('it sent 0.001 KiB/s over 60 s of waiting, less than 64 KiB/s');

describe('a source', () => {
  test.each([
    [reset, { code: 'unavailable', retryable: true }],
    [tooSlow, { code: 'too-slow', retryable: false }],
  ])('that gives a byte a connection is left in the end (%s)', async (end, error) => {
    const message = `Failed to copy the source: ${end.message}`;
    await expect(read(source(1, end), 100)).rejects.toMatchObject({ ...error, message });
    expect(opened).toBe(3);
  });

  test('that gives enough between its failures is read whole', async () => {
    expect(await read(source(150, reset), 100)).toHaveLength(size);
    expect(opened).toBe(7);
  });

  test('may give a byte a connection where nothing else is asked for', async () => {
    expect(await read(source(10, reset))).toHaveLength(size);
  });
});
