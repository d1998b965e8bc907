import { describe, expect, test } from 'vitest';
import { policiesOf } from '../../../../lib/replication/replicate/policies.ts';
import {
  createReplicateImage,
  type ReplicateServices,
} from '../../../../lib/replication/replicate/replicate-image.ts';
import type { ImageId, RegionName, TaskId } from '../../../../lib/schemas/ids.ts';
import type { ReplicateMessage } from '../../../../lib/state/messages.ts';
import type { ImportRef, Target } from '../../../../lib/state/refs.ts';
import { formats, useOpenStack } from '../../../cloud/openstack/use-openstack.ts';
import { cloudsOf } from '../clouds-of.ts';
import { policy } from '../images.ts';
import { signal } from './messages.ts';

// A source that goes, is deactivated or is no longer selected, before its replica is finished and after.

const inUse = useOpenStack({ regions: ['REGION1', 'REGION2'] });
const region = (name: 'REGION1' | 'REGION2') => inUse().cloud.regions[name];
const [region1, region2] = ['REGION1' as RegionName, 'REGION2' as RegionName];

const newSource = (more: object = {}) =>
  region('REGION1').createImage(
    { ...formats, owner: 'admin', name: 'Debian 13', visibility: 'public', ...more },
    'hello',
  );
const replicasOf = (sourceId: string) =>
  region('REGION2')
    .images()
    .filter((image) => image['ferry_source_id'] === sourceId);
const json = { 'Content-Type': 'application/json' };
const addMember = (sourceId: string) => {
  const body = JSON.stringify({ member: 'a-project' });
  const request = { method: 'POST', headers: json, body };
  return inUse().call(region('REGION1'), `${sourceId}/members`, request, 'admin');
};
const membersOf = async (imageId: string): Promise<readonly string[]> => {
  const answer = await inUse().call(region('REGION2'), `${imageId}/members`, {}, 'admin');
  const { members } = (await answer.json()) as { members: readonly { member_id: string }[] };
  return members.map(({ member_id }) => member_id);
};
const copied = { status: 'active', size: 5, os_hash_algo: 'sha512', os_hash_value: 'h' } as const;

/** One replica, its imports and its messages. */
const createReplica = (
  sourceId: string,
  asked: Partial<ReplicateMessage['replica']> = { request: {} },
  policies: readonly ReturnType<typeof policy>[] = [],
) => {
  const running = new Map<string, TaskId>();
  const taskId = 'its-import' as TaskId;
  let result: 'success' | 'failure' = 'success';
  const services: ReplicateServices = {
    clouds: cloudsOf(inUse().cloud),
    policies: async () => policiesOf({ policies, broken: [] }),
    claims: { holder: async ({ imageId }: Target) => running.get(imageId) },
    tasks: {
      get: async ({ imageId }: ImportRef) => ({
        taskId,
        status: running.has(imageId) ? 'processing' : result,
        message: '',
      }),
    },
    requestReplica: async ({ imageId }) => {
      running.set(imageId, taskId);
      return { taskId };
    },
  };
  const look = createReplicateImage(services);
  const first: ReplicateMessage = {
    replica: { source: { region: region1, imageId: sourceId as ImageId }, region: region2, ...asked },
  };
  let message = first;
  const idOf = () => replicasOf(sourceId)[0]?.id ?? '';
  return {
    id: idOf,
    image: () => replicasOf(sourceId)[0],
    /** The next look of the same message. */
    look: async () => {
      const next = await look(message, { signal });
      if (next.next === 'again') message = next.message;
      return next;
    },
    /** Of a message that knows of nothing yet. */
    lookAnew: () => look(first, { signal }),
    /** Of who begins no imports. */
    lookOnly: () => {
      const { requestReplica: _, ...others } = services;
      return createReplicateImage(others)(first, { signal });
    },
    importEnds: () => {
      region('REGION2').change(idOf(), copied);
      running.clear();
    },
    importFails: () => {
      result = 'failure';
      running.clear();
    },
  };
};

describe('a source that is deleted once its bytes are copied', () => {
  test('leaves a replica that is finished as was requested, and reported as a success with its id', async () => {
    const source = await newSource({ os_hidden: true, tags: ['lts'], os_distro: 'debian' });
    const replica = createReplica(source.id);
    expect(await replica.look()).toMatchObject({ next: 'again' });
    replica.importEnds();
    await region('REGION1').remove(source.id);
    expect(await replica.look()).toMatchObject({ next: 'done', imageId: replica.id() });
    expect(replica.image()).toMatchObject({
      ...{ visibility: 'public', os_hidden: true, name: 'Debian 13', tags: ['lts'], os_distro: 'debian' },
      ferry_family: 'Debian 13',
    });
    expect(replica.image()).not.toHaveProperty('ferry_unfinished');
  });

  test('is waited for as long as the import runs', async () => {
    const source = await newSource();
    const replica = createReplica(source.id);
    await replica.look();
    region('REGION2').change(replica.id(), { status: 'importing' });
    await region('REGION1').remove(source.id);
    expect(await replica.look()).toMatchObject({ next: 'again', reason: 'its import runs' });
    expect(await replica.lookAnew()).toMatchObject({ next: 'again' });
  });

  test('leaves a replica that the next event finishes, and the one after it reports as a success', async () => {
    const source = await newSource();
    const replica = createReplica(source.id);
    await replica.look();
    replica.importEnds();
    await region('REGION1').remove(source.id);
    expect(await replica.lookAnew()).toMatchObject({ next: 'done', imageId: replica.id() });
    expect(replica.image()).toMatchObject({ visibility: 'public' });
    expect(await replica.lookAnew()).toMatchObject({ next: 'done', imageId: replica.id() });
  });

  test('leaves its replica the members that it had', async () => {
    const source = await newSource({ visibility: 'shared' });
    await addMember(source.id);
    const nightly = policy({
      ...{ name: 'nightly', source: { region: region1 }, targets: [{ region: region2, projects: {} }] },
      synced: { ...policy().synced, members: true, protection: true },
    });
    const replica = createReplica(source.id, { policy: 'nightly', isRoutine: true }, [nightly]);
    await replica.look();
    replica.importEnds();
    await region('REGION1').remove(source.id);
    expect(await replica.look()).toMatchObject({ next: 'done', imageId: replica.id() });
    expect(replica.image()).toMatchObject({ visibility: 'shared', ferry_policy: 'nightly' });
    expect(await membersOf(replica.id())).toEqual(['a-project']);
    expect(replica.image()).not.toHaveProperty('ferry_unfinished');
  });

  test('does not make a success of a replica of which nobody knows what it was to be', async () => {
    const source = await newSource();
    const mark = { ferry_source_region: 'REGION1', ferry_source_id: source.id };
    await region('REGION2').createImage(
      { ...formats, owner: 'admin', visibility: 'private', ...mark },
      'hello',
    );
    await region('REGION1').remove(source.id);
    const replica = createReplica(source.id, { request: { visibility: 'public' } });
    expect(await replica.look()).toMatchObject({
      next: 'failed',
      reason: expect.stringContaining('is private'),
    });
  });
});

test('a source that is deactivated once its bytes are copied leaves a replica that is finished', async () => {
  const source = await newSource();
  const replica = createReplica(source.id);
  await replica.look();
  replica.importEnds();
  region('REGION1').change(source.id, { status: 'deactivated' });
  expect(await replica.look()).toMatchObject({ next: 'done', imageId: replica.id() });
  expect(replica.image()).toMatchObject({ visibility: 'public' });
});

describe('the record whose import has failed', () => {
  test('is removed when its source has been deactivated', async () => {
    const source = await newSource();
    const replica = createReplica(source.id);
    await replica.look();
    region('REGION1').change(source.id, { status: 'deactivated' });
    expect(await replica.look()).toMatchObject({ next: 'again' });
    replica.importFails();
    expect(await replica.look()).toMatchObject({
      next: 'failed',
      reason: expect.stringMatching(/is deactivated; the record for it, .* is removed$/),
    });
    expect(replicasOf(source.id)).toEqual([]);
  });

  test('is left where no import may be begun, as by the command `wait`', async () => {
    const source = await newSource();
    const replica = createReplica(source.id);
    await replica.look();
    replica.importFails();
    region('REGION1').change(source.id, { status: 'deactivated' });
    expect(await replica.lookOnly()).toMatchObject({ next: 'failed' });
    expect(replicasOf(source.id)).toHaveLength(1);
  });

  test('is removed when its policy no longer selects its source, and kept when it is of another one', async () => {
    const source = await newSource({ tags: ['golden'] });
    const [golden, other] = ['golden', 'other'].map((name) =>
      policy({
        ...{ name, source: { region: region1 }, targets: [{ region: region2, projects: {} }] },
        select: { tags: [name] },
      }),
    );
    if (!golden || !other) throw new Error('there are two');
    const replica = createReplica(source.id, { policy: 'golden' }, [golden, other]);
    await replica.look();
    replica.importFails();
    const ofOther = createReplica(source.id, { policy: 'other' }, [golden, other]);
    expect(await ofOther.look()).toMatchObject({ next: 'left' });
    expect(replicasOf(source.id)).toHaveLength(1);
    region('REGION1').change(source.id, { tags: [] });
    expect(await replica.look()).toMatchObject({ next: 'left' });
    expect(replicasOf(source.id)).toEqual([]);
  });
});
