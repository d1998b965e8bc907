import { describe, expect, test } from 'vitest';
import { planSync } from '../../../../lib/replication/plan/sync/plan-sync.ts';
import { policyDefaults, retirementDefaults } from '../../../../lib/replication/policy/defaults.ts';
import type { Policy, Synced } from '../../../../lib/replication/policy/policy.ts';
import { dayMs, image, imageId, noon, north, policy } from '../images.ts';
import { lines, planned, replica, world } from './planned.ts';

const one = image();
const synced = (parts: Partial<Synced>): Partial<Policy> => ({
  synced: { ...policyDefaults.synced, ...parts },
});

describe('a replica is brought to what its source is:', () => {
  test('properties that differ, are missing, or are too many', () => {
    const source = image({ properties: { a: '1', b: '2' } });
    const there = replica(source, { properties: { a: '0', c: '3' } });
    expect(planned({}, [source], [there])).toEqual(['update r-a {"a":"1","b":"2","c":null}']);
  });

  test('not a property that is empty here and missing there, or the other way round: nothing would ever come of it', () => {
    const source = image({ properties: { a: '', b: '2' } });
    expect(planned({}, [source], [replica(source, { properties: { b: '2', c: '' } })])).toEqual([]);
    expect(planned({}, [source], [replica(source, { properties: { a: '1', b: '2' } })])).toEqual([
      'update r-a {"a":""}',
    ]);
  });

  test('only properties that the policy lists', () => {
    const source = image({ properties: { hw_a: '1', b: '2' } });
    const there = replica(source, { properties: { hw_b: '1', c: '3' } });
    expect(planned(synced({ properties: ['hw_*'] }), [source], [there])).toEqual([
      'update r-a {"hw_a":"1","hw_b":null}',
    ]);
  });

  test("none that are the cloud's own, whatever the policy lists", () => {
    const there = replica(one, { properties: { os_glance_stage_host: 'x', instance_uuid: 'i' } });
    expect(planned({}, [one], [there])).toEqual([]);
  });

  test('a property whose name every object of JavaScript has', () => {
    const source = image({ properties: { constructor: 'x' } });
    expect(planned({}, [source], [replica(source, { properties: {} })])).toEqual([
      'update r-a {"constructor":"x"}',
    ]);
  });

  test('its name, its family with it', () => {
    const there = replica({ ...one, name: 'Debian 13 beta' });
    expect(planned({}, [one], [there])).toEqual([
      'update r-a {"name":"Debian 13","ferry_family":"Debian 13"}',
    ]);
  });

  test('what it remembers of its source goes last, and not before its members are set', () => {
    const unfinished = { properties: { ferry_unfinished: '{}' }, visibility: 'private' as const };
    const forget = 'update r-a {"ferry_unfinished":null}';
    expect(planned({}, [one], [replica(one, unfinished)])).toEqual(['publish r-a public', forget]);
    const shared = image({ visibility: 'shared', members: ['p'] });
    const { members: _, ...unread } = replica(shared, unfinished);
    const withMembers = synced({ members: true });
    expect(planned(withMembers, [shared], [unread])).toEqual(['publish r-a shared']);
    const there = replica(shared, { ...unfinished, visibility: 'shared', members: [] });
    expect(planned(withMembers, [shared], [there])).toEqual(['members r-a +p -', forget]);
  });

  test('minimum disk and memory, tags in whatever order, what protects and hides it', () => {
    const source = image({ minDisk: 1, virtualSize: 3 * 1024 ** 3, minRam: 5, tags: ['a', 'b'] });
    const there = replica(source, { minRam: 0, tags: ['b', 'c'], isProtected: true, isHidden: true });
    expect(planned(synced({ protection: true }), [source], [there])).toEqual([
      'update r-a {"min_disk":3,"min_ram":5,"protected":false,"os_hidden":false,"tags":["a","b"]}',
    ]);
    const inSync = replica(source, { minDisk: 3, tags: ['b', 'a'] });
    expect(planned({}, [source], [inSync])).toEqual([]);
  });

  test('what the policy leaves alone stays', () => {
    const there = replica(one, { isProtected: true, isHidden: true, tags: ['z'] });
    expect(planned(synced({ hidden: false, tags: false }), [one], [there])).toEqual([]);
  });

  test('who sees it: after its attributes where more do, before them where fewer do', () => {
    const source = image({ tags: ['a'] });
    expect(planned({}, [source], [replica(one, { visibility: 'private' })])).toEqual([
      'update r-a {"tags":["a"]}',
      'publish r-a public',
    ]);
    expect(planned(synced({ visibility: 'private' }), [source], [replica(one)])).toEqual([
      'unpublish r-a private',
      'update r-a {"tags":["a"]}',
    ]);
  });

  test('its members, by the ids of their cloud, once it is shared', () => {
    const source = image({ visibility: 'shared', members: ['p1', 'p2'] });
    const there = replica(source, { visibility: 'private', members: ['p2', 'p9'] });
    const mapped = { ...synced({ members: true }), targets: [{ region: north, projects: { p1: 'q1' } }] };
    expect(planned(mapped, [source], [there])).toEqual(['publish r-a shared', 'members r-a +q1 -p9']);
  });

  test('members that nobody has asked for are left alone', () => {
    const source = image({ visibility: 'shared', members: ['p1'] });
    const { members: _, ...there } = replica(source);
    expect(planned(synced({ members: true }), [source], [there])).toEqual([]);
  });

  test('what a change relies on is told with it', () => {
    const there = replica(one, { properties: { a: '0' }, visibility: 'shared' });
    const changes = planSync(policy(), world([image({ properties: { b: '1' } })], [there]));
    expect(changes.map(({ was }) => was)).toEqual([{ a: '0', b: null }, { visibility: 'shared' }]);
  });

  test('a hidden source hides it, and one that is deactivated or too old leaves it', () => {
    expect(planned({}, [image({ isHidden: true })], [replica(one)])).toEqual([
      'update r-a {"os_hidden":true}',
    ]);
    expect(planned({}, [image({ status: 'deactivated' })], [replica(one)])).toEqual([]);
    expect(planned({ select: { maxAgeMs: 1 } }, [one], [replica(one)])).toEqual([]);
  });
});

describe('as long as the one that takes its place is not there,', () => {
  const old = image({ id: imageId('old'), createdAtMs: noon - 9 * dayMs });
  const renamed = { ...old, name: 'Debian 13 (20261117)', isHidden: true, tags: ['old'] };
  const rename = { identity: 'name', onConflict: 'rename', retirement: retirementDefaults } as const;

  test('a replica keeps its name and is seen, though its source is renamed, hidden and private by now', () => {
    expect(planned({}, [one, { ...renamed, visibility: 'private' }], [replica(old)])).toEqual([
      'copy a',
      'update r-old {"tags":["old"]}',
    ]);
    expect(planned(rename, [one, renamed], [replica(old)])).toEqual([
      'copy a',
      'update r-old {"tags":["old"]}',
    ]);
  });

  test('and afterwards it follows its source, after its successor is there', () => {
    const fresh = replica(one, { visibility: 'private' });
    expect(planned({}, [one, renamed], [fresh, replica(old)])).toEqual([
      'publish r-a public',
      'update r-old {"name":"Debian 13 (20261117)","os_hidden":true,"tags":["old"],"ferry_family":"Debian 13 (20261117)"}',
    ]);
  });

  test('its changes come after those of its successor, in the same family', () => {
    const changes = planSync(
      policy(),
      world([one, renamed], [replica(one, { visibility: 'private' }), replica(old)]),
    );
    expect(changes.map(({ family }) => family)).toEqual(['Debian 13', 'Debian 13']);
  });
});

describe('a request for an older image of a name', () => {
  const old = image({ id: imageId('old'), createdAtMs: noon - 9 * dayMs, tags: ['lts'] });
  const retired = replica(old, { name: 'Debian 13 (20261117)', isHidden: true, tags: [] });
  const asked = (parts: Partial<Policy> = {}): Partial<Policy> => ({
    ...{ identity: 'name', onConflict: 'rename', retirement: retirementDefaults, select: { imageId: 'old' } },
    ...parts,
  });

  test('does not give its replica the name and the sight back that a newer one has', () => {
    expect(planned(asked(), [old], [replica(one), retired])).toEqual(['update r-old {"tags":["lts"]}']);
    const unseen = { ...retired, visibility: 'private' } as const;
    const down = { ...retirementDefaults, ladder: ['private'] as const };
    expect(planned(asked({ retirement: down }), [old], [replica(one), unseen])).toEqual([
      'update r-old {"tags":["lts"]}',
    ]);
    expect(planned(asked(), [old], [retired])).toEqual([
      'update r-old {"name":"Debian 13","os_hidden":false,"tags":["lts"]}',
    ]);
  });

  test('has an even older one go for the newer one that people find, and not for its own, which stays hidden', () => {
    const oldest = replica(image({ id: imageId('oldest'), createdAtMs: noon - 20 * dayMs }));
    const changes = planSync(policy(asked()), world([old], [replica(one), retired, oldest]));
    expect(lines(changes)).toEqual([
      'update r-old {"tags":["lts"]}',
      'update r-oldest {"name":"Debian 13 (20261106)","os_hidden":true}',
    ]);
    expect(changes.at(-1)?.relies?.image).toBe('r-a');
    const unseen = { ...retired, isHidden: false, visibility: 'private' } as const;
    const down = { ...retirementDefaults, ladder: ['private'] as const };
    const others = planSync(
      policy(asked({ retirement: down })),
      world([old], [replica(one), unseen, oldest]),
    );
    expect(others.at(-1)).toMatchObject({ image: 'r-oldest', relies: { image: 'r-a' } });
  });

  test('is late by the time of its source, though its replica does not tell it', () => {
    const untold = replica(old, { name: 'Debian 13 (20261117)', isHidden: true }, { sourceCreatedAt: '' });
    expect(planned(asked(), [old], [replica(one), { ...untold, createdAtMs: noon }])).toEqual([
      'update r-old {"ferry_source_created_at":"2026-11-17T12:00:00Z"}',
    ]);
  });
});
