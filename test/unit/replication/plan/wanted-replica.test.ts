import { describe, expect, test } from 'vitest';
import { wantedReplica } from '../../../../lib/replication/plan/wanted-replica.ts';
import { policyDefaults } from '../../../../lib/replication/policy/defaults.ts';
import type { SetOnReplicas, Synced } from '../../../../lib/replication/policy/policy.ts';
import type { ImageFacts } from '../../../../lib/replication/record/image-facts.ts';
import { image, imageId, north, policy, south } from '../images.ts';

const GiB = 1024 ** 3;

const wanted = (
  source: Partial<ImageFacts>,
  {
    synced = {},
    set = {},
    projects = {},
  }: {
    readonly synced?: Partial<Synced>;
    readonly set?: SetOnReplicas;
    readonly projects?: Record<string, string>;
  } = {},
) =>
  wantedReplica(image(source), policy({ set, synced: { ...policyDefaults.synced, ...synced } }), {
    region: north,
    projects,
  });

describe('a replica', () => {
  test('is as its source is, and says where it comes from', () => {
    const { isSynced, ...replica } = wanted({
      tags: ['lts'],
      properties: { os_distro: 'debian' },
      minRam: 512,
      minDisk: 2,
    });
    expect(isSynced('hw_disk_bus')).toBe(true);
    expect(replica).toEqual({
      name: 'Debian 13',
      visibility: 'public',
      isHidden: false,
      tags: ['lts'],
      properties: { os_distro: 'debian' },
      minDisk: 2,
      minRam: 512,
      provenance: {
        sourceRegion: south,
        sourceId: imageId('a'),
        sourceHash: 'sha512:hash-a',
        sourceCreatedAt: '2026-11-25T12:00:00Z',
        policy: 'public',
        family: 'Debian 13',
      },
    });
  });

  test('has the properties that the policy lists, and those that it sets', () => {
    const properties = { hw_disk_bus: 'virtio', hw_secret: 'x', os_distro: 'debian' };
    expect(
      wanted(
        { properties },
        { synced: { properties: ['hw_*', '!hw_secret'] }, set: { properties: { mirrored: 'yes' } } },
      ).properties,
    ).toEqual({ hw_disk_bus: 'virtio', mirrored: 'yes' });
  });

  test('has none of the properties that mean something in its source region alone', () => {
    const properties = {
      ferry_source_id: 'b',
      os_glance_importing_to_stores: 'x',
      cinder_encryption_key_id: 'k',
      cinder_encryption_key_deletion_policy: 'on_image_deletion',
      os_encrypt_key_id: 'k',
      os_encrypt_format: 'LUKSv1',
      'owner_specified.openstack.object': 'images/x',
    };
    expect(Object.keys(wanted({ properties }).properties)).toEqual([
      'os_encrypt_format',
      'owner_specified.openstack.object',
    ]);
  });

  test('is not signed: the certificate is in the Barbican of its source', () => {
    const properties = {
      ...{ img_signature: 'QUJD', img_signature_hash_method: 'SHA-256' },
      ...{
        img_signature_key_type: 'RSA-PSS',
        img_signature_certificate_uuid: 'c',
        img_config_drive: 'optional',
      },
    };
    expect(wanted({ properties }).properties).toEqual({ img_config_drive: 'optional' });
  });

  test('of a snapshot is grouped by its instance, of which Nova there finds nothing', () => {
    const properties = {
      image_type: 'snapshot',
      instance_uuid: 'i1',
      user_id: 'u1',
      base_image_ref: 'b1',
      boot_roles: 'member',
      owner_id: 'p1',
      owner_user_name: 'u',
      owner_project_name: 'p',
      image_location: 'snapshot',
      image_state: 'available',
      hw_disk_bus: 'virtio',
    };
    const { properties: kept, provenance } = wanted({ properties });
    expect(kept).toEqual({ image_type: 'snapshot', hw_disk_bus: 'virtio' });
    expect(provenance.family).toBe('i1');
    const byName = wantedReplica(image({ properties }), policy({ identity: 'name' }), {
      region: north,
      projects: {},
    });
    expect(byName.provenance.family).toBe('Debian 13');
  });

  test.each<[string, Partial<ImageFacts>, number]>([
    ['the virtual size, rounded up', { minDisk: 1, virtualSize: 2 * GiB + 1 }, 3],
    ["its source's minimum, where that is more", { minDisk: 10, virtualSize: 2 * GiB }, 10],
    ['the size of a raw one', { diskFormat: 'raw', size: 5 * GiB }, 5],
    ["its source's minimum, where nobody knows the virtual size", { minDisk: 1, size: 5 * GiB }, 1],
  ])('needs a disk of %s', (_, source, minDisk) => {
    expect(wanted(source).minDisk).toBe(minDisk);
  });

  test('has the members of its source, by the ids that they have in its cloud', () => {
    const options = { synced: { members: true }, projects: { p1: 'q1' } };
    expect(wanted({ visibility: 'shared', members: ['p1', 'p2'] }, options).members).toEqual(['q1', 'p2']);
    expect(
      wanted({ visibility: 'shared', members: ['p1'] }, { ...options, set: { members: ['q1', 'q3'] } })
        .members,
    ).toEqual(['q1', 'q3']);
  });

  test('has no say about members where Glance has none: of an image that is not shared, or that nobody asked about', () => {
    const options = { synced: { members: true } };
    expect(wanted({ visibility: 'public', members: ['p1'] }, options).members).toBeUndefined();
    expect(wanted({ visibility: 'shared' }, options).members).toBeUndefined();
    expect(wanted({ visibility: 'shared', members: ['p1'] }).members).toBeUndefined();
  });

  test('is protected, hidden, tagged and seen as the policy sets it', () => {
    const source = { isProtected: true, isHidden: true, tags: ['a'] };
    expect(wanted(source, { synced: { protection: true } })).toMatchObject({
      isProtected: true,
      isHidden: true,
    });
    const left = wanted(source, { synced: { hidden: false, tags: false } });
    expect([left.isProtected, left.isHidden, left.tags]).toEqual([undefined, undefined, undefined]);
    expect(
      wanted(source, {
        synced: { visibility: 'private' },
        set: { name: 'Other', isProtected: false, isHidden: false, tags: ['b', 'a'] },
      }),
    ).toMatchObject({
      name: 'Other',
      visibility: 'private',
      isProtected: false,
      isHidden: false,
      tags: ['a', 'b'],
      provenance: { family: 'Other' },
    });
  });
});
