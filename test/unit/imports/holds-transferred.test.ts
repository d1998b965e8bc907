import { expect, test } from 'vitest';
import { holdsTransferred } from '../../../lib/imports/holds-transferred.ts';
import type { GlanceImage } from '../../../lib/schemas/openstack.ts';

const transferred = { size: 7, digests: { sha512: 'abc', md5: 'def' } };
const active = (more: object) => ({ id: 'i', status: 'active', size: 7, ...more }) as unknown as GlanceImage;

test.each([
  ['the same by its own algorithm', { os_hash_algo: 'sha512', os_hash_value: 'abc' }, true],
  ['the same by another known algorithm', { os_hash_algo: 'md5', os_hash_value: 'def' }, true],
  [
    'of the same size, by an algorithm that nothing is known of',
    { os_hash_algo: 'sha256', os_hash_value: 'x' },
    true,
  ],
  ['of the same size, without a hash', { os_hash_algo: null, os_hash_value: null }, true],
  ['of other bytes', { os_hash_algo: 'sha512', os_hash_value: 'x' }, false],
  ['of another size', { os_hash_algo: 'sha512', os_hash_value: 'abc', size: 8 }, false],
])('an active image %s', (_, image, isSame) => {
  expect(holdsTransferred(active(image), transferred)).toBe(isSame);
});
