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
