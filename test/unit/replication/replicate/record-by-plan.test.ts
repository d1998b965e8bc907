import { describe, expect, test } from 'vitest';
import { policyDefaults } from '../../../../lib/replication/policy/defaults.ts';
import type { Policy } from '../../../../lib/replication/policy/policy.ts';
import { policiesOf } from '../../../../lib/replication/replicate/policies.ts';
import {
  createReplicateImage,
  type ReplicateServices,
} from '../../../../lib/replication/replicate/replicate-image.ts';
import type { ImageId, RegionName, TaskId } from '../../../../lib/schemas/ids.ts';
import { formats, useOpenStack } from '../../../cloud/openstack/use-openstack.ts';
import { cloudsOf } from '../clouds-of.ts';
import { policy } from '../images.ts';
import { signal } from './messages.ts';

// A record that an earlier import has left without data is filled only if its policy still wants that.

const inUse = useOpenStack({ regions: ['REGION1', 'REGION2'] });
const [region1, region2] = ['REGION1', 'REGION2'] as const;
const region = (name: typeof region1 | typeof region2) => inUse().cloud.regions[name];

let count = 0;

/** A source of a name of its own, and its record. */
const make = async (facts: object = {}) => {
  count += 1;
  const attributes = { ...formats, owner: 'admin', name: `image ${count}`, visibility: 'public', ...facts };
  const source = await region(region1).createImage(attributes, 'hello');
  const mark = { ferry_source_region: region1, ferry_source_id: source.id, ferry_policy: 'nightly' };
  const { name } = attributes;
  const record = await region(region2).createImage({
    ...{ ...formats, owner: 'admin', name, visibility: 'private', ferry_family: name, ...mark },
  });
  return { source, record, name };
};

const look = async (sourceId: string, parts: Partial<Policy>, more: Partial<ReplicateServices> = {}) => {
  const nightly = policy({
    ...{ name: 'nightly', source: { region: region1 as RegionName }, identity: 'name' },
    ...{ targets: [{ region: region2 as RegionName, projects: {} }], ...parts },
  });
  const begun: string[] = [];
  const replicateImage = createReplicateImage({
    clouds: cloudsOf(inUse().cloud),
    policies: async () => policiesOf({ policies: [nightly], broken: [] }),
    claims: { holder: async () => undefined },
    tasks: { get: async () => undefined },
    requestReplica: async ({ imageId }) => {
      begun.push(imageId);
      return { taskId: 'new' as TaskId };
    },
    ...more,
  });
  const source = { region: region1 as RegionName, imageId: sourceId as ImageId };
  const replica = { source, region: region2 as RegionName, policy: 'nightly' };
  return { next: await replicateImage({ replica }, { signal }), begun };
};

describe('a record without data', () => {
  test('is filled as long as its policy wants it', async () => {
    const { source, record } = await make();
    expect(await look(source.id, {})).toMatchObject({ next: { next: 'again' }, begun: [record.id] });
  });

  test.each<[string, object, Partial<Policy>]>([
    ['whose source is hidden', { os_hidden: true }, {}],
    ['whose source is too young', {}, { select: { minAgeMs: 3_600_000 } }],
    ['whose source is too old', {}, { select: { maxAgeMs: -1 } }],
  ])('%s is left as it is', async (_, facts, parts) => {
    const { source } = await make(facts);
    const reason = 'it is hidden, or of an age, so that its policy wants no replica of it';
    expect(await look(source.id, parts)).toEqual({ next: { next: 'left', reason }, begun: [] });
  });

  test('is left as it is where somebody has an image of its name by now', async () => {
    const { source, name } = await make();
    const stranger = { ...formats, owner: 'other', name, visibility: 'public' };
    const { id } = await region(region2).createImage(stranger, 'other bytes');
    const { next, begun } = await look(source.id, { onConflict: 'keep' });
    expect(next).toMatchObject({ next: 'left', reason: expect.stringContaining(id) });
    expect(begun).toEqual([]);
  });

  test('is left as it is where retention would not keep it', async () => {
    const { source, name } = await make();
    const newer = {
      ...{ ...formats, owner: 'admin', name: 'newer', ferry_source_region: region1, ferry_family: name },
      ...{
        ferry_source_id: 'another',
        ferry_policy: 'nightly',
        ferry_source_created_at: '2100-01-01T00:00:00Z',
      },
    };
    await region(region2).createImage(newer, 'other bytes');
    const { next, begun } = await look(source.id, {
      ...{ identity: 'provenance', retention: { last: 1 } },
      retirement: { ladder: ['hide'], isDeleteAllowed: false, oldName: '{name}', isForRemoved: false },
    });
    expect(next).toMatchObject({ next: 'left', reason: expect.stringContaining('retention') });
    expect(begun).toEqual([]);
  });

  test('is waited for while its import runs, without a look at anything else', async () => {
    const { source } = await make({ os_hidden: true });
    region(region2).clearRequests();
    const taskId = 'running' as TaskId;
    const { next, begun } = await look(
      source.id,
      { caps: { ...policyDefaults.caps, importsPerRegion: 1 } },
      {
        claims: { holder: async () => taskId },
        tasks: { get: async () => ({ taskId, status: 'processing', message: '' }) },
      },
    );
    expect(next).toMatchObject({ next: 'again', reason: 'its import runs' });
    expect(begun).toEqual([]);
    expect(region(region2).requests().length).toBeLessThanOrEqual(2);
  });
});
