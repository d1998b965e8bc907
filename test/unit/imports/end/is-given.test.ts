import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { RelayStore } from '../../../../lib/aws/s3/relay-store.ts';
import { isGiven, likenessOf } from '../../../../lib/imports/end/is-given.ts';
import type { CopyId } from '../../../../lib/schemas/ids.ts';
import type { GlanceImage } from '../../../../lib/schemas/openstack.ts';
import type { Copy } from '../../../../lib/state/copy.ts';
import type { Task } from '../../../../lib/state/task.ts';
import { taskFixture } from '../task-fixture.ts';

const bytes = Buffer.from('the bytes');
const hashOf = (algorithm: string): string => createHash(algorithm).update(bytes).digest('hex');
const transferred = { size: bytes.length, digests: { sha512: hashOf('sha512') } };
const { signal } = new AbortController();

const image = (more: object = {}): GlanceImage =>
  ({
    id: 'i',
    status: 'active',
    size: bytes.length,
    os_hash_algo: 'sha512',
    os_hash_value: hashOf('sha512'),
    hw_a: '1',
    ...more,
  }) as unknown as GlanceImage;

/** The relay holds the bytes that were transferred. */
const relay = {
  open: async (_key: string, { offset = 0, end = bytes.length }: { offset?: number; end?: number }) => {
    const range = bytes.subarray(offset, end);
    let left = range;
    return {
      startsAt: offset,
      length: range.length,
      body: {
        fill: async (target: Buffer) => {
          const taken = left.copy(target);
          left = left.subarray(taken);
          return taken;
        },
        close: () => undefined,
      },
    };
  },
} as unknown as RelayStore;
const copyId = 'c'.repeat(64) as CopyId;
const copies = { get: async () => ({ copyId, generation: 'g' }) as Copy };
const services = { relay, copies, sourceBudget: { retries: 0, firstDelayMs: 1 } };

const given = (more: Partial<Task>, found: GlanceImage) =>
  isGiven(services, { task: { ...taskFixture(), copyId, transferred, ...more }, signal }, found);

test.each([
  ['the same by its own algorithm', {}, 'same'],
  ['of other bytes', { os_hash_value: 'x' }, 'other'],
  ['of another size', { size: 8 }, 'other'],
  ['by an algorithm that nothing was digested by', { os_hash_algo: 'sha256', os_hash_value: 'x' }, 'unknown'],
  ['without a hash', { os_hash_algo: null, os_hash_value: null }, 'unknown'],
])('an active image %s', (_, found, likeness) => {
  expect(likenessOf(image(found), transferred)).toBe(likeness);
});

test('an md5 checksum tells where both are known', () => {
  const digests = { md5: hashOf('md5') };
  const found = { os_hash_algo: 'sha512', checksum: hashOf('md5') };
  expect(likenessOf(image(found), { size: bytes.length, digests })).toBe('same');
  expect(likenessOf(image({ ...found, checksum: 'x' }), { size: bytes.length, digests })).toBe('other');
});

describe('an active image is what the import was to give', () => {
  test('when an earlier try has set its properties and it holds the bytes', async () => {
    expect(await given({ isApplied: true }, image())).toBe(true);
    expect(await given({ isApplied: true }, image({ hw_a: 'changed since' }))).toBe(true);
  });

  test('when it has all that was wanted, whoever has seen to that', async () => {
    expect(await given({ wanted: { hw_a: '1' } }, image())).toBe(true);
  });

  test('when its own algorithm finds the same in the relay', async () => {
    const found = image({ os_hash_algo: 'sha256', os_hash_value: hashOf('sha256') });
    expect(await given({ isApplied: true }, found)).toBe(true);
    expect(await given({ isApplied: true }, image({ os_hash_algo: 'sha256', os_hash_value: 'x' }))).toBe(
      false,
    );
  });

  test('not when nothing can compare its bytes', async () => {
    expect(await given({ isApplied: true }, image({ os_hash_algo: 'unheard', os_hash_value: 'x' }))).toBe(
      false,
    );
  });

  test('not when its owner has uploaded the same bytes without the properties', async () => {
    expect(await given({ wanted: { hw_a: '2' } }, image())).toBe(false);
    expect(await given({}, image())).toBe(false);
  });

  test('not when it is in any other state', async () => {
    expect(await given({ isApplied: true }, image({ status: 'deactivated' }))).toBe(false);
  });

  test('with activation none by its properties alone', async () => {
    const { transferred: _, ...none } = { ...taskFixture(), activation: 'none' as const, transferred };
    const found = image({ os_hash_value: 'anything' });
    const given = (more: Partial<Task>) => isGiven(services, { task: { ...none, ...more }, signal }, found);
    expect(await given({ isApplied: true })).toBe(true);
    expect(await given({ wanted: { hw_a: '1' } })).toBe(true);
    expect(await given({ wanted: { hw_a: '2' } })).toBe(false);
  });
});
