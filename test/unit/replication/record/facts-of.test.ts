import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { factsOf } from '../../../../lib/replication/record/facts-of.ts';
import type { RegionName } from '../../../../lib/schemas/ids.ts';
import type { GlanceImage } from '../../../../lib/schemas/openstack.ts';

const region = 'NORTH' as RegionName;
const id = '0195c9aa-8a7e-7000-8000-000000000001';
const facts = (image: Partial<GlanceImage>) => factsOf(region, { id, status: 'active', ...image });

describe('the facts of an image record', () => {
  test('are those of Glance, with its custom properties apart', () => {
    expect(
      factsOf(
        region,
        {
          id,
          name: 'Debian 13',
          status: 'active',
          visibility: 'public',
          owner: 'p1',
          protected: true,
          os_hidden: false,
          size: 10,
          virtual_size: 20,
          min_disk: 3,
          min_ram: 512,
          disk_format: 'qcow2',
          container_format: 'bare',
          os_hash_algo: 'sha512',
          os_hash_value: 'ab',
          checksum: 'cd',
          created_at: '2026-11-26T11:19:53Z',
          updated_at: '2026-11-26T11:20:53Z',
          tags: ['lts'],
          self: '/v2/images/x',
          os_distro: 'debian',
          ferry_source_region: 'SOUTH',
          ferry_source_id: 'x',
        },
        ['p2'],
      ),
    ).toEqual({
      region,
      id,
      name: 'Debian 13',
      status: 'active',
      visibility: 'public',
      owner: 'p1',
      isProtected: true,
      isHidden: false,
      size: 10,
      virtualSize: 20,
      minDisk: 3,
      minRam: 512,
      diskFormat: 'qcow2',
      containerFormat: 'bare',
      hash: { algorithm: 'sha512', value: 'ab' },
      createdAtMs: Date.UTC(2026, 10, 26, 11, 19, 53),
      updatedAtMs: Date.UTC(2026, 10, 26, 11, 20, 53),
      tags: ['lts'],
      members: ['p2'],
      properties: { os_distro: 'debian', ferry_source_region: 'SOUTH', ferry_source_id: 'x' },
      provenance: {
        sourceRegion: 'SOUTH',
        sourceId: 'x',
        sourceHash: '',
        sourceCreatedAt: '',
        policy: '',
        family: '',
      },
    });
  });

  test('are there for a record that has next to nothing', () => {
    expect(facts({})).toEqual({
      region,
      id,
      name: '',
      status: 'active',
      visibility: 'private',
      owner: '',
      isProtected: false,
      isHidden: false,
      minDisk: 0,
      minRam: 0,
      createdAtMs: 0,
      updatedAtMs: 0,
      tags: [],
      properties: {},
    });
  });

  test.each([
    [{ created_at: '2026-11-26 11:19:53.146534' }, { createdAtMs: Date.UTC(2026, 10, 26, 11, 19, 53, 146) }],
    [{ created_at: '2026-11-26T11:19:53+01:00' }, { createdAtMs: Date.UTC(2026, 10, 26, 10, 19, 53) }],
    [{ created_at: 'yesterday', updated_at: '1970-01-01T00:00:01Z' }, { createdAtMs: 1000 }],
    [{ visibility: 'Public' }, { visibility: 'private' }],
    [
      { min_disk: -1, min_ram: '5', name: null },
      { minDisk: 0, minRam: 0, name: '' },
    ],
    [{ tags: 'lts' }, { tags: [] }],
    [{ tags: ['a', 1] }, { tags: ['a'] }],
    [
      { protected: 'true', os_hidden: 1 },
      { isProtected: false, isHidden: false },
    ],
  ])('of odd values: %j', (image, odd) => {
    expect(facts(image as Partial<GlanceImage>)).toMatchObject(odd);
  });

  test('are made of whatever a record holds', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (odd) => {
        const made = factsOf(region, { ...odd, id, status: 'active', name: null, size: null });
        expect(Number.isFinite(made.createdAtMs)).toBe(true);
        expect(Object.values(made.properties).every((value) => typeof value === 'string')).toBe(true);
      }),
    );
  });
});
