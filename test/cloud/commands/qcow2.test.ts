import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeQcow2 } from './qcow2.ts';

const MiB = 1024 * 1024;
const clusterSize = 65536;
const withoutFlags = (entry: bigint) => Number(entry & 0x00ff_ffff_ffff_fe00n);

let dir: string;
let file: Buffer;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'qcow2-'));
  await writeQcow2(join(dir, 'disk'), 4 * MiB, 2048 * MiB);
  file = await readFile(join(dir, 'disk'));
});
afterAll(() => rm(dir, { recursive: true }));

const entriesAt = (offset: number, count: number) =>
  Array.from({ length: count }, (_, i) => file.readBigUInt64BE(offset + i * 8));

describe('a qcow2', () => {
  test('has exactly the size asked for, and the header of version 3', () => {
    expect(file.length).toBe(4 * MiB);
    expect(file.subarray(0, 8)).toEqual(Buffer.from([0x51, 0x46, 0x49, 0xfb, 0, 0, 0, 3]));
    expect(Number(file.readBigUInt64BE(24))).toBe(2048 * MiB);
  });

  test('counts every cluster of the file once', () => {
    const block = withoutFlags(file.readBigUInt64BE(Number(file.readBigUInt64BE(48))));
    const counts = Array.from({ length: clusterSize / 2 }, (_, i) => file.readUInt16BE(block + i * 2));
    const clusters = file.length / clusterSize;
    expect(counts.slice(0, clusters).every((count) => count === 1)).toBe(true);
    expect(counts.slice(clusters).every((count) => count === 0)).toBe(true);
  });

  test('maps each data cluster once, in tables for the whole of the disk', () => {
    const [entries, offset] = [file.readUInt32BE(36), Number(file.readBigUInt64BE(40))];
    expect(entries).toBe(4); // 512 MiB each
    const l2 = entriesAt(offset, entries).map(withoutFlags);
    const mapped = l2.flatMap((table) =>
      entriesAt(table, clusterSize / 8)
        .map(withoutFlags)
        .filter(Boolean),
    );
    const firstData = Math.max(...l2) + clusterSize;
    const wanted = Array.from(
      { length: (file.length - firstData) / clusterSize },
      (_, i) => firstData + i * clusterSize,
    );
    expect(mapped).toEqual(wanted);
  });

  test('of a size that is no whole number of clusters, or larger than its disk, is refused', async () => {
    await expect(writeQcow2(join(dir, 'bad'), 4 * MiB + 1, 64 * MiB)).rejects.toThrow(RangeError);
    await expect(writeQcow2(join(dir, 'bad'), 4 * MiB, 4 * MiB)).rejects.toThrow(RangeError);
  });
});
