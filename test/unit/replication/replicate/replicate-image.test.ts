import { describe, expect, test } from 'vitest';
import { FerryError } from '../../../../lib/errors.ts';
import { patienceMs } from '../../../../lib/replication/replicate/next.ts';
import { policiesOf } from '../../../../lib/replication/replicate/policies.ts';
import {
  createReplicateImage,
  type ReplicateServices,
} from '../../../../lib/replication/replicate/replicate-image.ts';
import type { ImageId, RegionName, TaskId } from '../../../../lib/schemas/ids.ts';
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

describe('a record that takes no import', () => {
  const words = "'container_format' needs to be set before import";
  const requestReplica = () => Promise.reject(new FerryError('conflict', words));

  test('is waited for, with the words of who refuses it, and at last a person is told those', async () => {
    const { id } = await make('REGION1');
    const replica = asked('REGION1', id, 'REGION2');
    const first = await look(replica, { requestReplica });
    expect(first).toMatchObject({
      next: 'again',
      reason: words,
      message: { waitsSinceMs: expect.any(Number) },
    });
    const waitsSinceMs = Date.now() - patienceMs - 1000;
    expect(
      await createReplicateImage(services({ requestReplica }))({ replica, waitsSinceMs }, { signal }),
    ).toEqual({ next: 'failed', reason: `${words}, for too long`, isForPerson: true });
  });

  test('is waited for as long as it takes while another import has it', async () => {
    const { id } = await make('REGION1');
    const taskId = 'other' as TaskId;
    let isTaken = false;
    const other: Partial<ReplicateServices> = {
      claims: { holder: async () => (isTaken ? taskId : undefined) },
      tasks: { get: async () => ({ taskId, status: 'processing', message: '' }) },
      requestReplica: async () => {
        isTaken = true;
        throw new FerryError('conflict', 'Image has active task');
      },
    };
    const next = await look(asked('REGION1', id, 'REGION2'), other);
    expect(next).toMatchObject({ next: 'again', message: { taskId } });
    expect(next).not.toHaveProperty('message.waitsSinceMs');
  });
});

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
