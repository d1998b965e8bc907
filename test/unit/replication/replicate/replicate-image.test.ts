import { describe, expect, test } from 'vitest';
import { type ErrorCode, FerryError } from '../../../../lib/errors.ts';
import { patienceMs } from '../../../../lib/replication/record/patience.ts';
import type { PastImport } from '../../../../lib/replication/replicate/imports/past-imports.ts';
import { policiesOf } from '../../../../lib/replication/replicate/policies.ts';
import {
  createReplicateImage,
  type ReplicateServices,
} from '../../../../lib/replication/replicate/replicate-image.ts';
import type { ImageId, RegionName, TaskId } from '../../../../lib/schemas/ids.ts';
import type { AskedReplica } from '../../../../lib/state/messages.ts';
import { glanceTime } from '../../../../lib/state/task.ts';
import { formats, useOpenStack } from '../../../cloud/openstack/use-openstack.ts';
import { cloudsOf } from '../clouds-of.ts';
import { policy } from '../images.ts';
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

describe('an import that has failed', () => {
  const now = Date.now();
  const failure = (hoursAgo: number, failureCode: ErrorCode): PastImport => ({
    ...{ status: 'failure', message: 'why', failureCode },
    updatedAt: glanceTime(new Date(now - hoursAgo * 3_600_000)),
  });
  const begun = { next: 'again', message: { taskId: 'new' } };
  const lookAfter = async (past: readonly PastImport[], isRoutine = true) => {
    const { id } = await make('REGION1');
    return look(
      { ...asked('REGION1', id, 'REGION2'), isRoutine },
      {
        tasks: { get: async () => undefined, list: async () => past },
        requestReplica: async () => ({ taskId: 'new' as TaskId }),
      },
    );
  };

  test.each(['cancelled', 'data-mismatch'] as const)(
    'for good (%s) is not begun again by a run of sync-images, and is by who asks',
    async (code) => {
      const past = [failure(30, code)];
      expect(await lookAfter(past)).toEqual({ next: 'failed', reason: 'its last import has failed: why' });
      expect(await lookAfter(past, false)).toMatchObject(begun);
    },
  );

  test('otherwise is begun again by the next run, and then after ever longer pauses', async () => {
    expect(await lookAfter([])).toMatchObject(begun);
    // Also where its source refused it: a credential may have been replaced since, an image be active again.
    for (const code of ['unavailable', 'bad-request', 'unauthorized'] as const)
      expect(await lookAfter([failure(0.9, code)])).toMatchObject(begun);
    const twice = [failure(3, 'unavailable'), failure(1.9, 'unavailable')];
    expect(await lookAfter(twice)).toMatchObject({ next: 'left' });
    expect(await lookAfter([...twice.slice(0, 1), failure(2.1, 'unavailable')])).toMatchObject(begun);
    expect(await lookAfter([...twice, failure(3.9, 'unavailable')])).toMatchObject({ next: 'left' });
  });

  test('while a message waited for it ends that message, with its reason; one that has brought no data is waited for', async () => {
    const { id } = await make('REGION1');
    const replica = asked('REGION1', id, 'REGION2');
    const taskId = 'own' as TaskId;
    const ended = (status: 'failure' | 'success'): Partial<ReplicateServices> => ({
      tasks: { get: async () => ({ taskId, status, message: 'the source is broken' }) },
    });
    const lookAgain = (more: Partial<ReplicateServices>) =>
      createReplicateImage(services(more))({ replica, taskId }, { signal });
    const reason = 'its import has failed: the source is broken';
    expect(await lookAgain(ended('failure'))).toEqual({ next: 'failed', reason });
    const withoutData = { next: 'again', reason: 'its import has ended, and it has no data' };
    expect(await lookAgain(ended('success'))).toMatchObject(withoutData);
  });

  test('that runs is not asked about by one more message at each run', async () => {
    const { id } = await make('REGION1');
    const replica = { ...asked('REGION1', id, 'REGION2'), isRoutine: true };
    const taskId = 'other' as TaskId;
    const running: Partial<ReplicateServices> = {
      claims: { holder: async () => taskId },
      tasks: { get: async () => ({ taskId, status: 'processing', message: '' }) },
    };
    expect(await look(replica, running)).toEqual({ next: 'left', reason: 'its import runs' });
    const begunByIt = { replica, taskId };
    expect(await createReplicateImage(services(running))(begunByIt, { signal })).toMatchObject({
      next: 'again',
    });
  });
});

describe('a replica whose policy lets one import run at a time', () => {
  const capped = policy({
    ...{ name: 'nightly', source: { region: 'REGION1' as RegionName }, caps: { importsPerRegion: 1 } },
    targets: [{ region: 'REGION2' as RegionName, projects: {} }],
  });
  const policies = async () => policiesOf({ policies: [capped], broken: [] });
  const recordOf = (sourceId: string) =>
    region('REGION2').createImage({
      ...{ ...formats, owner: 'admin', ferry_source_region: 'REGION1', ferry_source_id: sourceId },
      ferry_policy: 'nightly',
    });
  const reason = 'it waits: 1 imports into a region at a time';

  /** @param running ids of records whose imports run */
  const lookIn = async (
    running: ReadonlySet<string>,
    sourceId: string,
    more: Partial<ReplicateServices> = {},
  ) => {
    const taskId = 'other' as TaskId;
    const begun: string[] = [];
    const { request: _, ...replica } = asked('REGION1', sourceId, 'REGION2');
    const next = await look(
      { ...replica, policy: 'nightly' },
      {
        policies,
        claims: { holder: async ({ imageId }) => (running.has(imageId) ? taskId : undefined) },
        tasks: { get: async () => ({ taskId, status: 'processing', message: '' }), list: async () => [] },
        requestReplica: async ({ imageId }) => {
          begun.push(imageId);
          return { taskId: 'new' as TaskId };
        },
        ...more,
      },
    );
    return { next, begun };
  };

  test('waits as long as another one runs, though its record is queued, and is begun then', async () => {
    const [first, second] = [await make('REGION1'), await make('REGION1')];
    const other = await recordOf(first.id);
    const running = new Set([other.id]);
    const before = region('REGION2').images().length;
    const waiting = await lookIn(running, second.id);
    expect(waiting).toMatchObject({ next: { next: 'again', reason }, begun: [] });
    expect(waiting.next).not.toHaveProperty('message.waitsSinceMs');
    expect(region('REGION2').images()).toHaveLength(before);

    const own = await recordOf(second.id);
    expect(await lookIn(running, second.id)).toMatchObject({ next: { next: 'again', reason }, begun: [] });
    running.clear();
    expect(await lookIn(running, second.id)).toMatchObject({ begun: [own.id] });
  });

  test('is not begun while another message begins one, and gives the turn back', async () => {
    const { id } = await make('REGION1');
    const calls: string[] = [];
    let isFree = false;
    const locks: ReplicateServices['locks'] = {
      take: async ({ policy: of, region: where }) => {
        calls.push(`take ${of} ${where}`);
        return isFree;
      },
      release: async () => void calls.push('release'),
    };
    expect(await lookIn(new Set(), id, { locks })).toMatchObject({
      ...{ next: { next: 'again', reason: 'another import of its policy is being begun' }, begun: [] },
    });
    isFree = true;
    expect((await lookIn(new Set(), id, { locks })).begun).toHaveLength(1);
    expect(calls).toEqual(['take nightly REGION2', 'take nightly REGION2', 'release']);
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

  test('by who begins none, who says what has become of one that another has begun', async () => {
    const { requestReplica: _, ...none } = services();
    const { id } = await make('REGION1');
    const replica = asked('REGION1', id, 'REGION2');
    const before = region('REGION2').images().length;
    const lookOnly = (more: Partial<ReplicateServices> = {}) =>
      createReplicateImage({ ...none, ...more })({ replica }, { signal });
    expect(await lookOnly()).toEqual({
      next: 'left',
      reason: 'the region has no replica of it, and none is begun here',
    });
    expect(region('REGION2').images()).toHaveLength(before);
    const provenance = { ferry_source_region: 'REGION1', ferry_source_id: id };
    await region('REGION2').createImage({ ...formats, owner: 'admin', ...provenance });
    expect(await lookOnly()).toEqual({ next: 'failed', reason: 'it has no data, and no import' });
    const past = { status: 'failure', message: 'why', updatedAt: glanceTime(new Date()) } as const;
    const tasks = { get: async () => undefined, list: async () => [past] };
    expect(await lookOnly({ tasks })).toEqual({ next: 'failed', reason: 'its import has failed: why' });
  });

  test('in the region of its source, in whatever case that is spelt', async () => {
    const { id } = await make('REGION1');
    expect(await look(asked('REGION1', id, 'Region1'))).toMatchObject({ next: 'left' });
  });
});
