import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { madeUpData } from '../cloud/openstack/glance/made-up.ts';
import type { StaticImage } from './nginx.ts';

/** A Glance record of an active image, as far as the functions read it. */
export const activeRecord = (id: string, size: number, hash: Readonly<Record<string, string>> = {}) => ({
  id,
  name: 'benchmark',
  status: 'active',
  size,
  disk_format: 'raw',
  container_format: 'bare',
  visibility: 'public',
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
  ...hash,
});

const idOf = (size: number): string => `00000000-0000-4000-8000-${size.toString(16).padStart(12, '0')}`;

/** An image of pseudo-random bytes with its true sha512. @param size bytes */
export const pseudoRandomImage = async (size: number): Promise<StaticImage> => {
  const data = madeUpData({ size, seed: 1 });
  const hash = createHash('sha512');
  for await (const bytes of data.open(0, size)) hash.update(bytes);
  const hashes = { os_hash_algo: 'sha512', os_hash_value: hash.digest('hex') };
  return {
    record: activeRecord(idOf(size), size, hashes),
    write: (path) => pipeline(Readable.from(data.open(0, size)), createWriteStream(path)),
  };
};

/** The id by which the source that makes its bytes up knows an image of this size. */
export const madeUpId = idOf;
export const sizeOfMadeUp = (id: string): number => Number.parseInt(id.slice(-12), 16);
