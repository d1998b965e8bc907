import { expect, test } from 'vitest';
import { FerryError } from '../../../../lib/errors.ts';
import { applyChange, type ImageChange } from '../../../../lib/replication/apply/apply-change.ts';
import type { Change } from '../../../../lib/replication/plan/change.ts';
import type { ImageId, RegionName } from '../../../../lib/schemas/ids.ts';
import { type ImagesInMemory, imagesInMemory, type MemoryRecord } from '../images-in-memory.ts';

const id = '11111111-1111-4111-8111-111111111111' as ImageId;
const ours = {
  ...{ id, name: 'Debian 13', status: 'active', visibility: 'public', protected: false, os_hidden: false },
  ...{ owner: 'us', min_disk: 2, tags: ['b', 'a'], os_version: '13.1', os_distro: 'debian' },
  ...{ ferry_source_region: 'REGION1', ferry_source_id: '22222222-2222-4222-8222-222222222222' },
};
const common = {
  ...{ region: 'REGION2' as RegionName, image: id, name: 'Debian 13', family: 'Debian 13', bytes: 0 },
  reason: 'as the policy says',
};

const signal = AbortSignal.timeout(60_000);
const at = (images: ImagesInMemory) => ({ images, projectId: 'us' });
const apply = async (change: ImageChange, record: MemoryRecord = ours) => {
  const images = imagesInMemory([record]);
  const verdict = await applyChange(at(images), change, { signal });
  return { ...verdict, record: images.records.get(id), writes: images.writes };
};
const update = (set: Extract<Change, { kind: 'update' }>['set'], was = {}): ImageChange => ({
  ...{ ...common, kind: 'update', set, was },
});

test('an update sets what differs and removes what is null, in one PATCH', async () => {
  const { outcome, record, writes } = await apply(
    update({ min_disk: 5, os_version: '13.2', os_distro: null, tags: ['a', 'b'], 'a/b': 'c' }),
  );
  expect({ outcome, writes }).toEqual({ outcome: 'done', writes: [`patch ${id}`] });
  const { os_distro: _gone, ...rest } = ours;
  expect(record).toEqual({ ...rest, min_disk: 5, os_version: '13.2', 'a/b': 'c' });
});

test('a property that somebody else has removed at the same moment is removed, and another conflict a failure', async () => {
  const raced = async (isRemoved: boolean) => {
    const images = imagesInMemory([ours]);
    const patch: typeof images.patch = async (image, operations, options) => {
      if (isRemoved) await images.patch(image, operations, options);
      throw new FerryError('conflict', 'Property os_distro does not exist.');
    };
    return await applyChange(at({ ...images, patch }), update({ os_distro: null }), { signal });
  };
  expect(await raced(true)).toEqual({ outcome: 'done', reason: 'it is so already' });
  expect(await raced(false)).toMatchObject({ outcome: 'failed' });
});

test('what is so already asks for nothing, also where the plan has seen something else', async () => {
  expect(
    await apply(update({ min_disk: 2, tags: ['a', 'b'], no_such: null }, { min_disk: 1 })),
  ).toMatchObject({
    ...{ outcome: 'done', reason: 'it is so already', writes: [] },
  });
});

test('an empty value is as good as none', async () => {
  const change = update({ os_distro: 'ubuntu', ferry_family: '' }, { ferry_policy: '', os_distro: 'debian' });
  expect(await apply(change)).toMatchObject({ outcome: 'done', record: { ...ours, os_distro: 'ubuntu' } });
});

test('an image that has changed since the plan is kept, and what has changed is named', async () => {
  expect(
    await apply(update({ min_disk: 5 }, { min_disk: 1, name: 'Debian 13', os_version: null })),
  ).toMatchObject({
    ...{ outcome: 'kept', reason: 'it has changed since the plan: min_disk, os_version', writes: [] },
  });
});

const proof = { owner: 'them', os_hash_algo: 'sha512', os_hash_value: 'of the source' };

test('the image of another project is changed where it is what has proven that it is ours', async () => {
  const change = update({ min_disk: 5 }, proof);
  expect(await apply(change, { ...ours, ...proof })).toMatchObject({ outcome: 'done' });
  const kept = { outcome: 'kept', writes: [] };
  expect(await apply(change, ours)).toMatchObject({ ...kept, reason: 'it belongs to another project' });
  expect(await apply(change, { ...ours, ...proof, owner: 'third' })).toMatchObject(kept);
  expect(await apply(change, { ...ours, ...proof, os_hash_value: 'other' })).toMatchObject({
    ...{ ...kept, reason: 'it has changed since the plan: os_hash_value' },
  });
  const { ferry_source_id: _, ...bare } = { ...ours, ...proof };
  expect(await apply(change, bare)).toMatchObject({ ...kept, reason: 'it carries no mark of ours' });
});

test('an image is given away by a replacement, of which alone Glance asks whether one may', async () => {
  const images = imagesInMemory([ours]);
  const sent: unknown[] = [];
  const patch: typeof images.patch = (image, operations, options) => {
    sent.push(...operations);
    return images.patch(image, operations, options);
  };
  const change = update({ owner: 'them', min_disk: 5 }, { owner: 'us' });
  expect(await applyChange(at({ ...images, patch }), change, { signal })).toMatchObject({ outcome: 'done' });
  expect(sent).toEqual([
    { op: 'replace', path: '/owner', value: 'them' },
    { op: 'add', path: '/min_disk', value: 5 },
  ]);
});

test('a right that is missing to give it away is named', async () => {
  const images = imagesInMemory([ours], (call) => {
    if (call.startsWith('patch'))
      throw new FerryError('forbidden', "Owner can't be updated by non admin.", { operation: 'change it' });
  });
  const change = update({ owner: 'them' }, { owner: 'us' });
  expect(await applyChange(at(images), change, { signal })).toEqual({
    outcome: 'failed',
    reason:
      "Failed to change it: Owner can't be updated by non admin.; it is to belong to project them, by the policy's table " +
      "of projects, for which the credential for region REGION2 needs Glance's admin rights (context_is_admin, by " +
      'default the role admin)',
  });
});

const { ferry_source_id: _mark, ...unmarked } = ours;

test.each([
  ['an image without our mark', unmarked, 'it carries no mark of ours'],
  ['somebody else’s with our mark', { ...ours, owner: 'them' }, 'it belongs to another project'],
])('%s is never touched', async (_what, foreign, reason) => {
  const kinds: ImageChange[] = [
    update({ min_disk: 5 }),
    ...(['hide', 'deactivate', 'delete'] as const).map((kind) => ({ ...common, kind })),
    { ...common, kind: 'unpublish', visibility: 'private' },
    { ...common, kind: 'rename', to: 'Debian 13 (20260928)' },
    { ...common, kind: 'members', add: ['p1'], remove: [] },
  ];
  for (const change of kinds)
    expect(await apply(change, foreign)).toMatchObject({ outcome: 'kept', reason, writes: [] });
});

test.each([
  [{ ...common, kind: 'hide' }, { os_hidden: true }],
  [{ ...common, kind: 'publish', visibility: 'community' }, { visibility: 'community' }],
  [{ ...common, kind: 'unpublish', visibility: 'private' }, { visibility: 'private' }],
  [{ ...common, kind: 'rename', to: 'Debian 13 (20260928)' }, { name: 'Debian 13 (20260928)' }],
  [{ ...common, kind: 'deactivate' }, { status: 'deactivated' }],
] satisfies [ImageChange, object][])('$kind changes that alone', async (change, changed) => {
  const { outcome, reason, record } = await apply(change);
  expect({ outcome, reason, record }).toEqual({
    ...{ outcome: 'done', reason: 'as the policy says', record: { ...ours, ...changed } },
  });
});

const younger = { ...ours, id: '33333333-3333-4333-8333-333333333333' };
test.each([
  ['is hidden by now', [{ ...younger, os_hidden: true }], 'has changed since the plan: os_hidden'],
  ['is gone', [], 'is not there any more'],
  ['is somebody else’s', [{ ...younger, owner: 'them' }], 'belongs to another project'],
])('an older one stays where the one that takes its place %s', async (_what, others, reason) => {
  const relies = {
    image: younger.id as ImageId,
    is: { status: 'active', os_hidden: false, visibility: 'public' },
  };
  const hide = { ...common, kind: 'hide', isRetirement: true, relies } as const;
  const images = imagesInMemory([ours, ...others]);
  expect(await applyChange(at(images), hide, { signal })).toEqual({
    ...{ outcome: 'kept', reason: `image ${younger.id}, which takes its place, ${reason}` },
  });
  expect(images.writes).toEqual([]);
  const asPlanned = imagesInMemory([ours, younger]);
  expect(await applyChange(at(asPlanned), hide, { signal })).toMatchObject({ outcome: 'done' });
});

test('members are added and removed one by one, but for those that are right', async () => {
  const change = { ...common, kind: 'members', add: ['p1', 'p2'], remove: ['p3', 'p4'] } as const;
  const { outcome, record, writes } = await apply(change, { ...ours, members: ['p1', 'p3', 'p5'] });
  expect({ outcome, members: record?.members }).toEqual({ outcome: 'done', members: ['p1', 'p5', 'p2'] });
  expect(writes).toEqual([`addMember ${id}`, `removeMember ${id}`]);
});

test('one that is deleted is gone; one that is gone counts as deleted', async () => {
  expect(await apply({ ...common, kind: 'delete' })).toMatchObject({ outcome: 'done', record: undefined });
  const verdict = await applyChange(at(imagesInMemory([])), { ...common, kind: 'delete' }, { signal });
  expect(verdict).toEqual({ outcome: 'done', reason: 'it is gone already' });
});

test('one in use is kept, with the reason', async () => {
  expect(
    await apply({ ...common, kind: 'delete', isRetirement: true }, { ...ours, inUse: true }),
  ).toMatchObject({
    outcome: 'kept',
    reason: `it is in use: Image ${id} could not be deleted because it is in use`,
  });
});

test('a protected one is kept without being asked for', async () => {
  expect(await apply({ ...common, kind: 'delete' }, { ...ours, protected: true })).toMatchObject({
    ...{ outcome: 'kept', reason: 'it is protected', writes: [] },
  });
});

test('one that has vanished since the plan is kept from nothing else', async () => {
  expect(await applyChange(at(imagesInMemory([])), update({ min_disk: 5 }), { signal })).toEqual({
    ...{ outcome: 'kept', reason: 'it is not there any more' },
  });
});

test('a refusal is a failure in the words of Glance', async () => {
  const images = imagesInMemory([ours], (call) => {
    if (call.startsWith('patch'))
      throw new FerryError('forbidden', 'You are not allowed to publicize', { operation: 'change image 1' });
  });
  expect(await applyChange(at(images), { ...common, kind: 'hide' }, { signal })).toEqual({
    ...{ outcome: 'failed', reason: 'Failed to change image 1: You are not allowed to publicize' },
  });
});

test('where the time has ended it is the next run’s', async () => {
  const images = imagesInMemory([ours]);
  const verdict = await applyChange(at(images), { ...common, kind: 'hide' }, { signal: AbortSignal.abort() });
  expect(verdict).toEqual({
    ...{ outcome: 'kept', reason: 'the time has ended, the next run goes on', isTimeEnded: true },
  });
  expect(images.writes).toEqual([]);
});
