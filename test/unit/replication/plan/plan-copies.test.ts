import { describe, expect, test } from 'vitest';
import { retirementDefaults } from '../../../../lib/replication/policy/defaults.ts';
import type { Selection } from '../../../../lib/replication/policy/policy.ts';
import type { ImageFacts } from '../../../../lib/replication/record/image-facts.ts';
import { dayMs, image, imageId, noon } from '../images.ts';
import { planned, replica } from './planned.ts';

const one = image();
const snapshot = (facts: Partial<ImageFacts> = {}): ImageFacts =>
  image({ name: 'nightly', properties: { image_type: 'snapshot', instance_uuid: 'i1' }, ...facts });

describe('an image is copied', () => {
  test('where there is none of it', () => {
    expect(planned({}, [one, image({ id: imageId('b'), name: 'Ubuntu' })])).toEqual(['copy a', 'copy b']);
  });

  test('into the record that an earlier run has left', () => {
    const record = replica(one, { status: 'queued' });
    expect(planned({}, [one], [record])).toEqual(['copy a into r-a']);
    expect(planned({ identity: 'name' }, [one], [record])).toEqual(['copy a into r-a']);
    const sameId = replica(one, { status: 'queued', id: one.id });
    expect(planned({ identity: 'id' }, [one], [sameId])).toEqual(['copy a into a']);
  });

  test('where what is there has other bytes than its source has now', () => {
    expect(planned({}, [one], [replica(one, {}, { sourceHash: 'sha512:before' })])).toEqual(['copy a']);
  });

  test('where only a failed one is left', () => {
    expect(planned({}, [one], [replica(one, { status: 'killed' })])).toEqual(['copy a']);
  });

  test("where somebody else's image carries our mark", () => {
    expect(planned({}, [one], [replica(one, { owner: 'mallory' })])).toEqual(['copy a']);
  });

  test('under the id of its source, where no other id will do', () => {
    expect(planned({ identity: 'id' }, [one], [replica(one)])).toEqual(['copy a']);
  });
});

describe('an image is there already', () => {
  test('by its provenance, though its bytes were converted', () => {
    expect(planned({}, [one], [replica(one)])).toEqual([]);
    expect(planned({ identity: 'name' }, [one], [replica(one)])).toEqual([]);
    expect(planned({ identity: 'id' }, [one], [replica(one, { id: one.id })])).toEqual([]);
  });

  test('where neither says what its bytes are', () => {
    const { hash: _, ...plain } = one;
    expect(planned({}, [plain], [replica(one, {}, { sourceHash: '' })])).toEqual([]);
  });

  test.each(['saving', 'importing', 'uploading'])('while it is %s', (status) => {
    expect(planned({}, [one], [replica(one, { status })])).toEqual([]);
  });

  test('when it was uploaded anew in its region: the replica gets its new source', () => {
    const again = image({ id: imageId('b'), hash: { algorithm: 'sha512', value: 'hash-a' } });
    expect(planned({}, [again], [replica(one)])).toEqual(['update r-a {"ferry_source_id":"b"}']);
  });

  test('but no replica is that of two', () => {
    const same = { hash: { algorithm: 'sha512', value: 'hash-a' } };
    const [newer, older] = [
      image({ id: imageId('b'), ...same }),
      image({ id: imageId('c'), ...same, createdAtMs: noon - 2 * dayMs }),
    ];
    expect(planned({}, [newer, older], [replica(one)])).toEqual([
      'update r-a {"ferry_source_id":"b"}',
      'copy c',
    ]);
  });

  test('though a list has it twice, as it was and as it is', () => {
    const now = replica(one, { updatedAtMs: noon });
    const before = replica(one, { name: 'Debian 12' });
    expect(planned({}, [one, one], [now, before])).toEqual([]);
    expect(planned({}, [one, one], [before, now])).toEqual([]);
  });

  test('as the replica of another policy, which is left alone', () => {
    expect(planned({}, [one], [replica(one, { name: 'Other' }, { policy: 'other' })])).toEqual([
      'skip a: policy other looks after its replica',
    ]);
  });

  test('as the replica of a single request, which the policy takes over', () => {
    expect(planned({}, [one], [replica(one, {}, { policy: '' })])).toEqual([
      'update r-a {"ferry_policy":"public"}',
    ]);
  });

  test('with its id and bytes, put there by somebody else', () => {
    const mirrored = image({ owner: 'them' });
    expect(planned({ identity: 'id' }, [one], [mirrored])).toEqual([
      'skip a: it is there without our mark, and left as it is',
    ]);
  });
});

describe('an image is not copied', () => {
  test.each(['queued', 'saving', 'deactivated', 'pending_delete'])('that is %s', (status) => {
    expect(planned({}, [image({ status })])).toEqual([]);
  });

  test('that is hidden, unless somebody asks for this very image', () => {
    const hidden = image({ isHidden: true });
    expect(planned({}, [hidden])).toEqual([]);
    expect(planned({ select: { imageId: 'a' } }, [hidden])).toEqual([]);
    expect(planned({ name: '', select: { imageId: 'a' } }, [hidden])).toEqual(['copy a']);
  });

  test('that is a replica itself, unless somebody asks for this very image', () => {
    const theirs = replica(image({ id: imageId('z') }), { id: imageId('a') });
    expect(planned({}, [theirs])).toEqual([]);
    expect(planned({ select: { imageId: 'a' } }, [theirs])).toEqual([]);
    expect(planned({ name: '', select: { imageId: 'a' } }, [theirs])).toEqual(['copy a']);
  });

  test('that is a snapshot of a volume: told', () => {
    const pointer = snapshot({ size: 0, properties: { image_type: 'snapshot', block_device_mapping: '[]' } });
    expect(planned({}, [pointer])).toEqual([
      'skip a: it is a snapshot of a volume-backed instance, without bytes',
    ]);
  });

  test('where its replica is deactivated there, which somebody had a reason for: told', () => {
    expect(planned({}, [one], [replica(one, { status: 'deactivated' })])).toEqual([
      'skip a: replica r-a is deactivated there, and left so',
    ]);
  });

  test('of a name of which the region has a newer one: told', () => {
    const older = image({ id: imageId('b'), createdAtMs: noon - 9 * dayMs });
    expect(planned({ identity: 'name' }, [older, one])).toEqual([
      'copy a',
      'skip b: image a of the same name is newer',
    ]);
    expect(planned({}, [older, one])).toEqual(['copy a', 'copy b']);
  });

  test('that retention would remove again; who asks for it is told', () => {
    const days = [0, 1, 2].map((day) =>
      snapshot({ id: imageId(`s${day}`), createdAtMs: noon - day * dayMs }),
    );
    const kept = {
      retention: { last: 2 },
      retirement: { ladder: ['delete'], isDeleteAllowed: true, oldName: '', isForRemoved: false } as const,
    };
    expect(planned(kept, days)).toEqual(['copy s0', 'copy s1']);
    const newer = days.slice(0, 2).map((day) => replica(day, {}, { family: 'i1' }));
    expect(planned({ ...kept, select: { imageId: 's2' } }, days, newer)).toEqual([
      'skip s2: retention would not keep it',
    ]);
  });

  test.each([
    ['hidden', [{ isHidden: true }]],
    ['deactivated', [{ status: 'deactivated' }]],
    ['deleted', []],
  ])('of whose name a newer one is %s, whatever retention says', (_, newer) => {
    const made = (id: string, days: number, facts: Partial<ImageFacts> = {}): ImageFacts =>
      image({ id: imageId(id), createdAtMs: noon - days * dayMs, ...facts });
    const there = [replica(made('s2', 2))];
    const source = [made('s1', 60), ...newer.map((facts) => made('s2', 2, facts))];
    for (const retention of [{ last: 1 }, { days: 30 }]) {
      const parts = {
        identity: 'name',
        onConflict: 'replace',
        retention,
        retirement: retirementDefaults,
      } as const;
      expect(planned(parts, source, there)).toContain('copy s1');
      const done = [...there, replica(made('s1', 60))];
      expect(planned(parts, source, done)).toContain('hide r-s2');
    }
  });
});

describe('a policy is for images', () => {
  const old = image({
    id: imageId('old'),
    name: 'Debian 12',
    owner: 'them',
    visibility: 'private',
    tags: ['lts', 'x'],
    properties: { os_distro: 'debian' },
    createdAtMs: noon - 30 * dayMs,
  });
  const shared = snapshot({ id: imageId('shared'), visibility: 'shared', members: ['p1'] });

  test.each<[string, Selection, readonly string[]]>([
    ['of a visibility', { visibility: ['private', 'shared'] }, ['shared', 'old']],
    ['of an owner', { owners: ['them'] }, ['old']],
    ['with all of its tags', { tags: ['lts', 'x'] }, ['old']],
    ['with no other tag', { tags: ['lts', 'y'] }, []],
    ['with its properties', { properties: { os_distro: 'debian' } }, ['old']],
    ['with no other value', { properties: { os_distro: 'ubuntu' } }, []],
    ['of its names', { names: ['Debian *', '!* 12'] }, ['a']],
    ['of an age', { minAgeMs: 2 * dayMs }, ['old']],
    ['of no greater age', { maxAgeMs: 2 * dayMs }, ['a', 'shared']],
    ['with members', { hasMembers: true }, ['shared']],
    ['without members', { hasMembers: false }, ['a', 'old']],
    ['that are snapshots', { snapshots: true }, ['shared']],
    ['that are none', { snapshots: false }, ['a', 'old']],
    ['of one id', { imageId: 'old' }, ['old']],
    ['for which all of this holds', { owners: ['them'], names: ['Ubuntu *'] }, []],
  ])('%s', (_, select, ids) => {
    expect(planned({ select }, [one, old, shared])).toEqual(ids.map((id) => `copy ${id}`));
  });
});
