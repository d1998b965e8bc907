import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Block, readBlocks } from '../../../lib/transfer/blocks.ts';

const { signal } = new AbortController();
const byteAt = (index: number): number => (index * 31) % 251;

/** Something to read, which counts who reads it. */
const watched = (slowness: () => number = () => 0) => {
  const asked: [offset: number, length: number][] = [];
  let [reading, most] = [0, 0];
  return {
    asked,
    mostAtOnce: () => most,
    reading: () => reading,
    read: async (target: Buffer, offset: number): Promise<void> => {
      asked.push([offset, target.length]);
      reading += 1;
      most = Math.max(most, reading);
      await delay(slowness());
      target.forEach((_, index) => {
        target[index] = byteAt(offset + index);
      });
      reading -= 1;
    },
  };
};

const collect = async (blocks: AsyncIterable<Block>): Promise<Buffer> => {
  const copies: Buffer[] = [];
  for await (const { bytes, release } of blocks) {
    copies.push(Buffer.from(bytes));
    release();
  }
  return Buffer.concat(copies);
};

describe('blocks of a range', () => {
  test('hold every byte once and in order, however fast each of them comes', async () => {
    const shape = fc.record({
      size: fc.nat(2000),
      from: fc.nat(2100),
      blockSize: fc.integer({ min: 1, max: 300 }),
      atOnce: fc.integer({ min: 1, max: 6 }),
      slowness: fc.infiniteStream(fc.nat(2)),
    });
    await fc.assert(
      fc.asyncProperty(shape, async ({ slowness, ...options }) => {
        const { size, from, blockSize, atOnce } = options;
        const source = watched(() => slowness.next().value);
        const bytes = await collect(readBlocks({ ...options, read: source.read, signal }));
        const expected = Array.from({ length: Math.max(0, size - from) }, (_, index) => byteAt(from + index));
        expect(bytes.equals(Buffer.from(expected))).toBe(true);
        expect(source.asked).toHaveLength(Math.ceil(expected.length / blockSize));
        expect(source.mostAtOnce()).toBeLessThanOrEqual(atOnce);
      }),
      { numRuns: 60 },
    );
  });

  test('are read side by side, and no further while nobody takes them', async () => {
    const source = watched();
    const blocks = readBlocks({ size: 100, blockSize: 10, atOnce: 4, read: source.read, signal });
    const first = await blocks.next();
    await delay(20);
    expect(source.asked).toHaveLength(4);
    first.value?.release();
    const second = await blocks.next();
    await expect.poll(() => source.asked.length).toBe(5);
    second.value?.release();
    expect((await collect(blocks)).length).toBe(80);
  });

  test('fail when the turn of the broken one comes, and the others are told', async () => {
    const broken = new Error('the store went away');
    const told: unknown[] = [];
    const read = async (target: Buffer, offset: number, options: { readonly signal: AbortSignal }) => {
      if (offset === 10) throw broken;
      if (offset < 10) return void target.fill(7);
      await delay(10_000, undefined, options).catch(() => told.push(offset));
      throw new Error('nobody waits for this');
    };
    const blocks = readBlocks({ size: 40, blockSize: 10, atOnce: 4, read, signal });
    const first = await blocks.next();
    expect(first.value?.bytes).toEqual(Buffer.alloc(10, 7));
    await expect(blocks.next()).rejects.toBe(broken);
    await expect.poll(() => told).toEqual([20, 30]);
  });

  test('that nobody wants any more are not read on', async () => {
    const source = watched(() => 5);
    const blocks = readBlocks({ size: 1000, blockSize: 10, atOnce: 2, read: source.read, signal });
    for await (const { release } of blocks) {
      release();
      break;
    }
    await expect.poll(source.reading).toBe(0);
    expect(source.asked.length).toBeLessThanOrEqual(3);
  });
});
