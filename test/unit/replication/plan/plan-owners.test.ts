import { describe, expect, test } from 'vitest';
import { describePlan } from '../../../../lib/replication/plan/report/describe-plan.ts';
import { planSync } from '../../../../lib/replication/plan/sync/plan-sync.ts';
import type { Policy } from '../../../../lib/replication/policy/policy.ts';
import type { ImageFacts } from '../../../../lib/replication/record/image-facts.ts';
import type { Provenance } from '../../../../lib/replication/record/provenance.ts';
import { dayMs, image, imageId, noon, north, policy } from '../images.ts';
import { lines, planned, replica, world } from './planned.ts';

const source = image({ owner: 'tenant' });
const targets = [{ region: north, projects: { tenant: 'theirs' } }];
const mapped = (parts: Partial<Policy> = {}): Partial<Policy> => ({ targets, ...parts });
/** With the source's bytes, as a target has it that converts none. */
const same = (facts: Partial<ImageFacts> = {}, origin: Partial<Provenance> = {}, of = source): ImageFacts =>
  replica(of, { ...(of.hash && { hash: of.hash }), ...facts }, origin);
const given = { owner: 'theirs' };
const changesOf = (there: readonly ImageFacts[], parts: Partial<Policy> = {}, sources = [source]) =>
  planSync(policy(mapped(parts)), world(sources, there));

describe('a replica of an image whose owner has a project there', () => {
  test('is given to it, with what it is to be, before others see it', () => {
    expect(planned(mapped(), [source], [same({ visibility: 'private', minRam: 512 })])).toEqual([
      'update r-a {"owner":"theirs","min_ram":0}',
      'publish r-a public',
    ]);
  });

  test('is told with the project that gets it', () => {
    const [row] = describePlan(changesOf([same()])).rows;
    expect(row).toMatchObject({
      ...{ action: 'update', image: 'r-a' },
      reason: 'to project theirs: owner differ from a of SOUTH',
    });
  });

  test('stays as it is once it has it', () => {
    expect(planned(mapped(), [source], [same(given)])).toEqual([]);
  });

  test('stays ours, and somebody has to decide, where it would not be known again: other bytes, no hash', () => {
    const { hash: _, ...bare } = source;
    for (const [from, there] of [
      [source, replica(source)],
      [bare, replica(bare, {}, { sourceHash: '' })],
    ] as const)
      expect(planned(mapped(), [from], [there])).toEqual([
        "skip r-a as an error: it stays with project ferry, and is not project theirs's: it does not have the bytes of a, which alone would tell that it is ours",
      ]);
  });

  test('is kept up as its project has it: each change relies on what has proven that it is ours', () => {
    const proof = { owner: 'theirs', os_hash_algo: 'sha512', os_hash_value: 'hash-a' };
    const there = same({ ...given, minRam: 512, visibility: 'private' });
    expect(changesOf([there])).toMatchObject([
      { kind: 'update', set: { min_ram: 0 }, was: { min_ram: 512, ...proof } },
      { kind: 'publish', was: { visibility: 'private', ...proof } },
    ]);
    const ofOurs = same({ visibility: 'private' });
    expect(changesOf([ofOurs])).toMatchObject([
      { kind: 'update', set: { owner: 'theirs' }, was: { owner: 'ferry' } },
      { kind: 'publish', was: { visibility: 'private', ...proof } },
    ]);
  });

  test('stays ours where the table has no line for its owner', () => {
    expect(planned(mapped(), [image({ owner: 'nobody' })], [replica(image({ owner: 'nobody' }))])).toEqual(
      [],
    );
  });
});

test('a source that the policy is not for any more still proves its replica, which goes as the policy says', () => {
  const left = image({ id: imageId('left'), name: 'Left', owner: 'tenant', visibility: 'private' });
  const parts = {
    select: { visibility: ['public' as const] },
    retirement: { ladder: ['hide' as const], isDeleteAllowed: false, oldName: '', isForRemoved: true },
  };
  const there = same({ ...given, visibility: 'public' }, {}, left);
  expect(planned(mapped(parts), [source, left], [same(given), there])).toEqual(['hide r-left']);
});

describe('an image of a project that has replicas, with a mark that proves nothing,', () => {
  const forged = replica(source, {
    ...given,
    id: imageId('forged'),
    hash: { algorithm: 'sha512', value: 'x' },
  });
  const told = (what: string, why: string) =>
    `skip ${what}: image ${what} of project theirs says that it is a replica of ${why}`;

  test('is left alone, and told; the replica is made beside it', () => {
    for (const visibility of ['private', 'shared'] as const)
      expect(planned(mapped(), [source], [{ ...forged, visibility }])).toEqual([
        'copy a',
        told('forged', 'a, and does not have its bytes'),
      ]);
    expect(planned(mapped(), [source], [forged, same(given)])).toEqual([
      told('forged', 'a, and does not have its bytes'),
    ]);
  });

  test('does not retire when its source is gone, whatever the policy would have', () => {
    const parts = {
      retirement: { ladder: ['delete'], isDeleteAllowed: true, oldName: '', isForRemoved: true },
    };
    const old = same({ ...given, id: imageId('old') }, { sourceId: imageId('gone') });
    expect(planned(mapped(parts as Partial<Policy>), [source], [same(given), old])).toEqual([
      told('old', 'gone, which is gone: nothing proves that it is ours'),
    ]);
  });

  test('does not take the turn of an import that may be at work', () => {
    const busy = { ...forged, status: 'importing' };
    expect(planned(mapped({ caps: { importsPerRegion: 1 } }), [source], [busy])).toContain('copy a');
  });
});

describe('where Glance lets nobody but us write our properties', () => {
  const reserved = mapped({
    targets: targets.map((target) => ({ ...target, areMarksReserved: true })),
    retirement: { ladder: ['hide'], isDeleteAllowed: false, oldName: '', isForRemoved: true },
  });

  test('a replica is given to its project with other bytes as well, and known again', () => {
    expect(planned(reserved, [source], [replica(source)])).toEqual(['update r-a {"owner":"theirs"}']);
    expect(planned(reserved, [source], [replica(source, given)])).toEqual([]);
  });

  test('one whose source is gone goes as well', () => {
    const old = replica(source, { ...given, id: imageId('old') }, { sourceId: imageId('gone'), family: 'B' });
    expect(planned(reserved, [source], [replica(source, given), old])).toEqual(['hide old']);
  });

  test('an image of a project that the table does not name is nobody’s replica still', () => {
    const forged = replica(source, { owner: 'mallory' });
    expect(planned(reserved, [source], [forged])).toContain('copy a');
  });
});

describe('what a project writes on its replica', () => {
  const older = image({ id: imageId('old'), owner: 'tenant', createdAtMs: noon - 9 * dayMs });
  const retired = {
    retention: { last: 1 },
    retirement: { ladder: ['hide' as const], isDeleteAllowed: false, oldName: '{name}', isForRemoved: false },
  };

  test('about its bytes or its age has no one take it for another one', () => {
    const there = same(given, { sourceHash: 'sha512:other', sourceCreatedAt: '2099-01-01T00:00:00Z' });
    expect(planned(mapped(), [source], [there])).toEqual([
      expect.stringMatching(
        /^update r-a {"ferry_source_hash":"sha512:hash-a","ferry_source_created_at":"2026/,
      ),
    ]);
  });

  test('lets no other image go: neither one of another family, nor a newer one of its own', () => {
    const other = image({ id: imageId('o'), name: 'Ubuntu', owner: 'nobody' });
    const lastOfUbuntu = replica(other, {}, { sourceId: imageId('gone') });
    const asUbuntu = same(given, { family: 'Ubuntu', sourceCreatedAt: '2099-01-01T00:00:00Z' });
    const changes = changesOf([lastOfUbuntu, asUbuntu], { identity: 'provenance', ...retired });
    expect(lines(changes).filter((line) => !line.startsWith('update r-a'))).toEqual([]);
    const fromOld = same(given, { sourceCreatedAt: '2099-01-01T00:00:00Z' }, older);
    const both = changesOf([same(given), fromOld], retired, [source, older]);
    expect(both.filter(({ isRetirement }) => isRetirement)).toMatchObject([
      {
        kind: 'hide',
        image: 'r-old',
        was: { owner: 'theirs', os_hash_value: 'hash-old' },
        relies: { image: 'r-a', is: { owner: 'theirs', os_hash_value: 'hash-a', visibility: 'public' } },
      },
    ]);
  });
});
