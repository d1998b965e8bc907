import { expect, test } from 'vitest';
import { compare, sideBySide } from './comparison.ts';
import type { Image } from './glance.ts';

const record = {
  status: 'active',
  disk_format: 'qcow2',
  container_format: 'bare',
  size: 1,
  os_hash_value: 'hash',
};
const source = { id: '1', ...record, hw_disk_bus: 'scsi', architecture: 'x86_64' };
const before = { id: '2', status: 'queued', own: 'mine' };
const target = { id: '2', ...record, hw_disk_bus: 'scsi', own: 'mine' };

/** A Glance with one image. */
const holding = (image: Image, sha512: string) => ({ show: async () => image, sha512: async () => sha512 });

async function wrongOf(arrived: Image, sha512 = 'hash'): Promise<string[]> {
  const from = { glance: holding(source, 'hash'), id: '1' };
  const rows = await compare(from, { glance: holding(arrived, sha512), id: '2', before });
  expect(sideBySide(rows, { source: 'REGION1', target: 'REGION2' }).split('\n')).toHaveLength(
    rows.length + 1,
  );
  return rows.filter(({ verdict }) => verdict === 'WRONG').map(({ name }) => name);
}

test('an image that has arrived has the data, formats and prefixed properties, and keeps its own', async () => {
  expect(await wrongOf(target)).toEqual([]);
});

test.each([
  ['other data', target, 'other', 'sha512 of the data'],
  ['another format', { ...target, disk_format: 'raw' }, 'hash', 'disk_format'],
  ['a property that should have come', { ...target, hw_disk_bus: undefined }, 'hash', 'hw_disk_bus'],
  [
    'a property that should have stayed behind',
    { ...target, architecture: 'x86_64' },
    'hash',
    'architecture',
  ],
  ['a property of its own that was lost', { ...target, own: 'other' }, 'hash', 'own'],
])('%s is wrong', async (_what, arrived, sha512, name) => {
  expect(await wrongOf(arrived, sha512)).toEqual([name]);
});
