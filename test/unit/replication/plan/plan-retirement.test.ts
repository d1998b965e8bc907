import { describe, expect, test } from 'vitest';
import type { Change } from '../../../../lib/replication/plan/change.ts';
import { planSync } from '../../../../lib/replication/plan/sync/plan-sync.ts';
import { policyDefaults, retirementDefaults } from '../../../../lib/replication/policy/defaults.ts';
import type { Policy, Retirement } from '../../../../lib/replication/policy/policy.ts';
import type { ImageFacts } from '../../../../lib/replication/record/image-facts.ts';
import { applyChange } from '../apply-change.ts';
import { dayMs, image, imageId, noon, north, policy, west } from '../images.ts';
import { lines, planned, replica, world } from './planned.ts';

const one = image();
const older = (days: number, facts: Partial<ImageFacts> = {}): ImageFacts =>
  image({ id: imageId(`d${days}`), createdAtMs: noon - days * dayMs, ...facts });

const retiring = (retirement: Partial<Retirement> = {}, parts: Partial<Policy> = {}): Partial<Policy> => ({
  identity: 'name',
  onConflict: 'rename',
  retirement: { ...retirementDefaults, ...retirement },
  ...parts,
});

/** What each run does, until one does nothing. */
const runs = (parts: Partial<Policy>, source: readonly ImageFacts[], there: readonly ImageFacts[]) => {
  const of = policy(parts);
  const told: (readonly string[])[] = [];
  let now = world(source, there);
  for (let run = 0; run < 10; run += 1) {
    const changes = planSync(of, now).filter(({ kind }) => kind !== 'skip');
    if (changes.length === 0) return told;
    told.push(lines(changes));
    now = changes.reduce((state, change) => applyChange(of, state, change), now);
  }
  throw new Error('no end');
};

describe('a new image of a name', () => {
  test('is copied, takes its name from the old one, and the old one is hidden', () => {
    expect(runs(retiring(), [one], [replica(older(9))])).toEqual([
      ['copy a'],
      ['update r-d9 {"name":"Debian 13 (20261117)","os_hidden":true}'],
    ]);
  });

  test('leaves the old one alone until it is there, and people find it', () => {
    const begun = [replica(one, { status: 'importing' }), replica(older(9))];
    expect(planned(retiring(), [one], begun)).toEqual([]);
    const unseen = [replica(one, { visibility: 'private' }), replica(older(9))];
    expect(planned(retiring(), [one], unseen)).toEqual([
      'publish r-a public',
      'update r-d9 {"name":"Debian 13 (20261117)","os_hidden":true}',
    ]);
    const never = policyDefaults.synced;
    const deactivated = [replica(one, { status: 'deactivated' }), replica(older(9))];
    expect(planned(retiring(), [one], deactivated)).toEqual([
      'skip a: replica r-a is deactivated there, and left so',
    ]);
    const hiddenThere = [replica(one, { isHidden: true }), replica(older(9))];
    const left = retiring({}, { synced: { ...never, hidden: false } });
    expect(planned(left, [one], hiddenThere)).toEqual([
      'skip r-d9: it stays: people find no other one of its family (replica r-a has taken its place)',
    ]);
  });

  test('keeps three: those that are not kept go down to the end', () => {
    const there = [one, older(1), older(2), older(3), older(4)].map((source) => replica(source));
    const parts = retiring(
      { ladder: ['hide', 'deactivate', 'delete'], isDeleteAllowed: true },
      { retention: { last: 3 } },
    );
    expect(runs(parts, [one], there)).toEqual([
      [
        ...['update r-d4 {"name":"Debian 13 (20261122)","os_hidden":true}'],
        ...['update r-d3 {"name":"Debian 13 (20261123)","os_hidden":true}'],
        ...['update r-d2 {"name":"Debian 13 (20261124)","os_hidden":true}'],
        ...['update r-d1 {"name":"Debian 13 (20261125)","os_hidden":true}'],
      ],
      ['deactivate r-d4', 'deactivate r-d3'],
      ['delete r-d4', 'delete r-d3'],
    ]);
  });

  test('replaces the old one without another name, where the policy says so', () => {
    const parts = retiring({ ladder: ['private'] }, { onConflict: 'replace' });
    expect(runs(parts, [one], [replica(older(9))])).toEqual([['copy a'], ['unpublish r-d9 private']]);
  });

  test('lets the old one go in one change, whose old name is cut to what Glance takes', () => {
    const long = 'ü'.repeat(255);
    const [source, before] = [image({ name: long }), replica(older(9, { name: long }))];
    const cut = `${'ü'.repeat(244)} (20261117)`;
    expect(planned(retiring(), [source], [replica(source), before])).toEqual([
      `update r-d9 {"name":"${cut}","os_hidden":true}`,
    ]);
    const twice = retiring({ oldName: 'old {name} of {name}', ladder: ['private'] });
    const [change] = planSync(policy(twice), world([source], [replica(source), before]));
    expect(change).toMatchObject({ kind: 'update', set: { visibility: 'private' } });
    expect([...(change?.kind === 'update' ? String(change.set['name']) : '')]).toHaveLength(254);
  });

  test('only renames it, where nothing is said of retirement', () => {
    const { retirement: _, ...parts } = retiring();
    expect(runs(parts, [one], [replica(older(9))])).toEqual([
      ['copy a'],
      ['rename r-d9 to Debian 13 (20261117)'],
    ]);
  });

  test('whose source goes again has the old one come back', () => {
    const back = replica(older(9), { name: 'Debian 13 (20261117)', isHidden: true });
    expect(runs(retiring(), [older(9)], [replica(one), back])).toEqual([
      [
        'update r-d9 {"name":"Debian 13","os_hidden":false}',
        'update r-a {"name":"Debian 13 (20261125)","os_hidden":true}',
      ],
    ]);
  });

  test('retires what a request for it has found older, and nothing else', () => {
    const other = image({ id: imageId('u'), name: 'Ubuntu', createdAtMs: noon - 20 * dayMs });
    const request = retiring({ isForRemoved: true }, { select: { imageId: 'a' } });
    const newer = replica(image({ id: imageId('n'), createdAtMs: noon }), { name: 'Debian 13' });
    expect(planned(request, [one], [replica(one), replica(older(9)), replica(other), newer])).toEqual([
      'update r-d9 {"name":"Debian 13 (20261117)","os_hidden":true}',
    ]);
  });
});

test('a duplicate goes for what stays, where the replica that it is one of goes in the same run', () => {
  const gone = image({ id: imageId('gone'), createdAtMs: one.createdAtMs + dayMs });
  const there = [
    replica(gone),
    replica(one, { id: imageId('r-duplicate'), visibility: 'private', createdAtMs: noon - dayMs }),
    replica(one, { createdAtMs: noon - 2 * dayMs }),
  ];
  const parts = retiring(
    { ladder: ['deactivate'] },
    { identity: 'provenance', onConflict: 'error', retention: { last: 1 } },
  );
  expect(runs(parts, [one], there)).toEqual([['deactivate r-a', 'deactivate r-duplicate']]);
});

describe('a replica whose source is gone', () => {
  const gone = replica(older(9, { name: 'Gone' }));

  test('stays, where nothing else is said', () => {
    expect(planned(retiring(), [one], [replica(one), gone])).toEqual([]);
    expect(planned({}, [one], [replica(one), gone])).toEqual([]);
  });

  test('goes down the ladder, a rung at each run, and is deleted only with the second switch', () => {
    const ladder = ['hide', 'deactivate', 'private', 'delete'] as const;
    const down = [['hide r-d9'], ['deactivate r-d9'], ['unpublish r-d9 private']];
    const parts = retiring({ isForRemoved: true, ladder });
    expect(runs(parts, [one], [replica(one), gone])).toEqual(down);
    const allowed = retiring({ isForRemoved: true, ladder, isDeleteAllowed: true });
    expect(runs(allowed, [one], [replica(one), gone])).toEqual([...down, ['delete r-d9']]);
  });

  test('goes where its source is no longer selected, or has become a replica itself', () => {
    const parts = retiring({ isForRemoved: true }, { select: { tags: ['lts'] } });
    const other = image({ id: imageId('u'), name: 'Ubuntu', tags: ['lts'] });
    expect(planned(parts, [one, other], [replica(one), replica(other)])).toEqual(['hide r-a']);
  });

  test('stays where its source is only hidden, deactivated or older than the policy copies', () => {
    const parts = retiring({ isForRemoved: true }, { identity: 'provenance', onConflict: 'error' });
    expect(planned(parts, [image({ status: 'deactivated' })], [replica(one)])).toEqual([]);
    expect(planned({ ...parts, select: { maxAgeMs: 1 } }, [one], [replica(one)])).toEqual([]);
    expect(planned(parts, [image({ isHidden: true })], [replica(one, { isHidden: true })])).toEqual([]);
  });

  test('stays as long as people find no other one of its family, of which there is a new source', () => {
    const parts = {
      ...retiring({ isForRemoved: true }),
      identity: 'provenance',
      onConflict: 'error',
    } as const;
    expect(runs(parts, [one], [replica(older(9))])).toEqual([['copy a'], ['hide r-d9']]);
  });

  test('stays, and a person is called, where the source region lists not one image', () => {
    const parts = retiring({ isForRemoved: true, ladder: ['delete'], isDeleteAllowed: true });
    expect(planned(parts, [], [replica(one), gone])).toEqual([
      'skip r-d9 as an error: SOUTH lists no image of the policy, so none of its 2 replicas is taken for left over',
    ]);
    expect(planned(parts, [], [])).toEqual([]);
  });

  test('gives up its protection before it is deleted', () => {
    const parts = retiring({ isForRemoved: true, ladder: ['delete'], isDeleteAllowed: true });
    expect(planned(parts, [one], [replica(one), { ...gone, isProtected: true }])).toEqual([
      'update r-d9 {"protected":false}',
      'delete r-d9',
    ]);
  });

  test('is only a record that has never got its data: it can be deleted, and nothing else', () => {
    const record: ImageFacts = { ...gone, status: 'queued' };
    const parts = retiring({ isForRemoved: true, ladder: ['hide', 'delete'] });
    expect(planned(parts, [one], [replica(one), record])).toEqual([]);
    const allowed = retiring({ isForRemoved: true, ladder: ['hide', 'delete'], isDeleteAllowed: true });
    expect(planned(allowed, [one], [replica(one), record])).toEqual(['delete r-d9']);
    const inFlight: ImageFacts = { ...gone, status: 'importing' };
    expect(planned(allowed, [one], [replica(one), inFlight])).toEqual([]);
  });

  test.each<[string, ImageFacts]>([
    ['without our mark', older(9, { region: north, owner: 'ferry', name: 'Gone' })],
    ['of another policy', replica(older(9), {}, { policy: 'other', family: 'Gone' })],
    ['of another source region', replica(older(9), {}, { sourceRegion: 'EAST', family: 'Gone' })],
    ["that is somebody else's", { ...gone, owner: 'mallory' }],
  ])('is left alone %s', (_, there) => {
    const parts = retiring({ isForRemoved: true, ladder: ['delete'], isDeleteAllowed: true });
    expect(planned(parts, [one], [replica(one), { ...there, name: 'Gone' }])).toEqual([]);
  });
});

describe('snapshots in another region', () => {
  const snapshot = (days: number, facts: Partial<ImageFacts> = {}): ImageFacts =>
    older(days, {
      name: `nightly-${days}`,
      visibility: 'private',
      properties: { image_type: 'snapshot', instance_uuid: 'i1' },
      ...facts,
    });
  const there = (source: ImageFacts): ImageFacts =>
    replica(source, { properties: { image_type: 'snapshot' } }, { family: 'i1' });
  const parts: Partial<Policy> = {
    select: { snapshots: true },
    retention: { last: 2 },
    retirement: { ...retirementDefaults, ladder: ['delete'], isDeleteAllowed: true },
  };

  test('are kept by their instance, the newest so many, whatever is kept here', () => {
    expect(
      runs(
        parts,
        [snapshot(0)],
        [1, 2, 3].map((days) => there(snapshot(days))),
      ),
    ).toEqual([['copy d0', 'delete r-d3'], ['delete r-d2']]);
    expect(
      runs(
        parts,
        [],
        [1, 2, 3].map((days) => there(snapshot(days))),
      ),
    ).toEqual([['delete r-d3']]);
  });

  test('of another instance do not count', () => {
    const other = snapshot(0, {
      id: imageId('o'),
      properties: { image_type: 'snapshot', instance_uuid: 'i2' },
    });
    expect(planned(parts, [other, snapshot(1)], [there(snapshot(1)), there(snapshot(2))])).toEqual([
      'copy o',
    ]);
  });

  test('are not changed any more once their time is over', () => {
    const changed = snapshot(3, { tags: ['new'] });
    const all = [snapshot(1), snapshot(2), changed];
    const hide = { ...parts, retirement: { ...retirementDefaults, ladder: ['hide'] as const } };
    expect(
      runs(
        hide,
        all,
        all.map(there).map((one) => ({ ...one, tags: [] })),
      ),
    ).toEqual([['hide r-d3']]);
  });

  test('that an operator has deactivated are no reason to let an active one go', () => {
    const held = { ...there(snapshot(1)), status: 'deactivated' };
    const last = { ...parts, retention: { last: 1 } };
    expect(planned(last, [], [held, there(snapshot(2))])).toEqual([]);
  });
});

describe('retirement waits', () => {
  const gone = replica(older(9, { name: 'Gone' }));
  const parts = retiring({ isForRemoved: true });
  const other = image({ id: imageId('u'), name: 'Ubuntu' });
  const changesFor = (facts: Parameters<typeof world>[2], there = [replica(one), gone]): readonly Change[] =>
    planSync(policy(parts), world([one], there, facts));

  test('in all regions when one could not be read', () => {
    expect(lines(changesFor({ failed: new Map([[west, 'away']]) }))).toEqual([
      'skip r-d9: it waits: WEST could not be read',
    ]);
  });

  test('when an image needs a decision', () => {
    const stranger = image({ id: imageId('x'), hash: { algorithm: 'sha512', value: 'x' } });
    expect(lines(changesFor({}, [stranger, gone]))).toEqual([
      'skip a as an error: of the same name is image x there, which carries no mark of ours, so that public never touches it',
      'skip r-d9: it waits: Debian 13 in NORTH needs a decision first',
    ]);
  });

  test('says so once of an image that two things wait for', () => {
    const there = [replica(one), replica(older(9))];
    expect(lines(changesFor({ failed: new Map([[west, 'away']]) }, there))).toEqual([
      'skip r-d9: it waits: WEST could not be read',
    ]);
  });

  test('for the next run, where there is more of it than the policy allows', () => {
    const all = [9, 8, 7].map((days) => replica(older(days, { name: `Gone ${days}` })));
    const capTo = (removalsPerRun: number) => ({ ...parts, caps: { removalsPerRun } });
    const two = planned(capTo(2), [other], [replica(other), ...all]);
    expect(two.filter((line) => line.startsWith('hide'))).toHaveLength(2);
    expect(two.filter((line) => line.endsWith(': it waits: 2 removals in a run'))).toHaveLength(1);
    expect(planned(capTo(0), [other], [replica(other), ...all.slice(0, 1)])).toEqual([
      'skip r-d9: it waits: 0 removals in a run',
    ]);
  });

  test('not behind the same ones for ever, which may be in use: every image has its turn', () => {
    const all = [9, 8, 7, 6].map((days) => replica(older(days, { name: `Gone ${days}` })));
    const at = (hour: number) =>
      planSync(
        policy({ ...parts, caps: { removalsPerRun: 1 } }),
        world([other], [replica(other), ...all], { atMs: noon + hour * 3_600_000 }),
      ).filter(({ kind }) => kind === 'hide');
    const turns = Array.from({ length: 48 }, (_, hour) => at(hour));
    expect(new Set(turns.map((changes) => changes.length))).toEqual(new Set([1]));
    const daily = turns.filter((_, hour) => hour % 3 === 0);
    expect(new Set(daily.flat().map(({ image: id }) => id)).size).toBe(4);
  });
});

describe('nothing at all is planned', () => {
  const parts = retiring({ isForRemoved: true, ladder: ['delete'], isDeleteAllowed: true });

  test('when the source region could not be read', () => {
    const failed = new Map([[one.region, 'away']]);
    expect(planSync(policy(parts), world([], [replica(one)], { failed }))).toEqual([]);
  });

  test('for a region that could not be read, or whose replicas belong to nobody knows whom', () => {
    const failed = new Map([[north, 'away']]);
    expect(planSync(policy(parts), world([one], [], { failed }))).toEqual([]);
    expect(planSync(policy(parts), world([one], [], { targets: new Map() }))).toEqual([]);
    expect(planSync(policy(parts), world([one], [replica(one)], { owners: new Map() }))).toEqual([]);
  });
});

describe('copies wait', () => {
  const three = [1, 2, 3].map((days) => older(days, { name: `Image ${days}`, size: 100 }));

  test('where a run may not move more bytes; those that have begun come first', () => {
    const [, , last] = three;
    const begun = last ? [replica(last, { status: 'queued' })] : [];
    expect(planned({ caps: { bytesPerRun: 200 } }, three, begun)).toEqual([
      'copy d1',
      'skip d2: it waits: 200 bytes in a run',
      'copy d3 into r-d3',
    ]);
  });

  test('as an error where one alone is more than a run may move', () => {
    expect(planned({ caps: { bytesPerRun: 99 } }, three.slice(0, 1))).toEqual([
      'skip d1 as an error: its 100 bytes are more than a run may move',
    ]);
  });

  test('where a region takes no more at a time', () => {
    expect(planned({ caps: { importsPerRegion: 2 } }, three)).toEqual([
      'copy d1',
      'copy d2',
      'skip d3: it waits: 2 imports into a region at a time',
    ]);
    const atWork = three.slice(0, 1).map((source) => replica(source, { status: 'importing' }));
    expect(planned({ caps: { importsPerRegion: 2 } }, three, atWork)).toEqual([
      'copy d2',
      'skip d3: it waits: 2 imports into a region at a time',
    ]);
  });
});
