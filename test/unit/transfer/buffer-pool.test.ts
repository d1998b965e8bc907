import { expect, test } from 'vitest';
import { createBufferPool } from '../../../lib/transfer/buffer-pool.ts';

const isWaiting = async (promise: Promise<unknown>): Promise<boolean> =>
  (await Promise.race([promise, new Promise((done) => setImmediate(done, 'waiting'))])) === 'waiting';

test('lends as many buffers as it may, and lets others wait in their order', async () => {
  const pool = createBufferPool(2, 8);
  const first = await pool.acquire();
  const second = await pool.acquire();
  expect(first).not.toBe(second);
  expect([first.length, second.length]).toEqual([8, 8]);

  const third = pool.acquire();
  const fourth = pool.acquire();
  expect(await isWaiting(third)).toBe(true);
  pool.release(second);
  expect(await third).toBe(second);
  expect(await isWaiting(fourth)).toBe(true);
  pool.release(first);
  expect(await fourth).toBe(first);
});

test('lends a returned buffer again before it makes another', async () => {
  const pool = createBufferPool(5, 8);
  const buffers = new Set<Buffer>();
  for (let turn = 0; turn < 20; turn += 1) {
    const buffer = await pool.acquire();
    buffers.add(buffer);
    pool.release(buffer);
  }
  expect(buffers.size).toBe(1);
});

test('lends memory that another thread can read', async () => {
  const { buffer } = await createBufferPool(1, 8).acquire();
  expect(buffer).toBeInstanceOf(SharedArrayBuffer);
});

test('leaves its buffers to the next pool of the same size, those that come back late too', async () => {
  const first = createBufferPool(2, 24);
  const [early, late] = [await first.acquire(), await first.acquire()];
  first.release(early);
  first.close();
  first.release(late);
  const second = createBufferPool(2, 24);
  expect(new Set([await second.acquire(), await second.acquire()])).toEqual(new Set([early, late]));
});

const MiB = 1024 ** 2;

/** A pool that has lent one buffer, and is closed. */
const usedOnce = async (count: number, size: number): Promise<Buffer> => {
  const pool = createBufferPool(count, size);
  const buffer = await pool.acquire();
  pool.release(buffer);
  pool.close();
  return buffer;
};

test('keeps buffers of several sizes, as copies and uploads come in turn', async () => {
  const small = await usedOnce(1, 5 * MiB);
  const large = await usedOnce(1, 16 * MiB);
  expect(await createBufferPool(1, 5 * MiB).acquire()).toBe(small);
  expect(await createBufferPool(1, 16 * MiB).acquire()).toBe(large);
});

test('lets the oldest go where too many are kept', async () => {
  const oldest = await usedOnce(1, 7 * MiB);
  for (let size = 40; size < 44; size += 1) await usedOnce(1, size * MiB);
  // `not.toBe` would compare them byte by byte, for seconds.
  expect((await createBufferPool(1, 7 * MiB).acquire()) === oldest).toBe(false);
});

test('lets those of other sizes go for a pool that may need all the room', async () => {
  const small = await usedOnce(1, 9 * MiB);
  createBufferPool(5, 64 * MiB);
  expect((await createBufferPool(1, 9 * MiB).acquire()) === small).toBe(false);
});
