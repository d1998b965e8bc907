import { describe, expect, test } from 'vitest';
import { policiesOf } from '../../../../lib/replication/replicate/policies.ts';
import {
  createReplicateImage,
  type ReplicateServices,
} from '../../../../lib/replication/replicate/replicate-image.ts';
import type { ImageId, RegionName } from '../../../../lib/schemas/ids.ts';
import type { AskedReplica } from '../../../../lib/state/messages.ts';
import { formats, useOpenStack } from '../../../cloud/openstack/use-openstack.ts';
import { cloudsOf } from '../clouds-of.ts';
import { signal } from './messages.ts';

const inUse = useOpenStack({ regions: ['REGION1', 'REGION2'] });
const region = (name: 'REGION1' | 'REGION2') => inUse().cloud.regions[name];
const make = (name: 'REGION1' | 'REGION2', more: object = {}) =>
  region(name).createImage({ ...formats, owner: 'admin', name: 'Debian 13', ...more }, 'hello');

const services = (more: Partial<ReplicateServices> = {}): ReplicateServices => ({
  clouds: cloudsOf(inUse().cloud),
  policies: async () => policiesOf({ policies: [], broken: [] }),
  claims: { holder: async () => undefined },
  tasks: { get: async () => undefined },
  requestReplica: () => Promise.reject(new Error('no import is asked for')),
  ...more,
});
const asked = (from: string, id: string, to: string): AskedReplica => ({
  source: { region: from as RegionName, imageId: id as ImageId },
  region: to as RegionName,
  request: {},
});
const look = (replica: AskedReplica, more: Partial<ReplicateServices> = {}) =>
  createReplicateImage(services(more))({ replica }, { signal });

describe('a replica is not made', () => {
  test('where its source is itself a replica of that region’s', async () => {
    const first = await make('REGION1');
    const { id } = await make('REGION2', { ferry_source_region: 'REGION1', ferry_source_id: first.id });
    const before = region('REGION1').images().length;
    expect(await look(asked('REGION2', id, 'region1'))).toEqual({
      next: 'left',
      reason: `image ${id} of region REGION2 is itself a replica of one of region REGION1`,
    });
    expect(region('REGION1').images()).toHaveLength(before);
  });

  test('in the region of its source, in whatever case that is spelt', async () => {
    const { id } = await make('REGION1');
    expect(await look(asked('REGION1', id, 'Region1'))).toMatchObject({ next: 'left' });
  });
});
