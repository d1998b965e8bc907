import fc from 'fast-check';
import type { Inventory } from '../../../lib/replication/plan/change.ts';
import { policyDefaults } from '../../../lib/replication/policy/defaults.ts';
import type { Policy } from '../../../lib/replication/policy/policy.ts';
import type { ImageFacts } from '../../../lib/replication/record/image-facts.ts';
import { provenanceProperties } from '../../../lib/replication/record/provenance.ts';
import { unfinishedName } from '../../../lib/replication/record/remembered-source.ts';
import { dayMs, image, imageId, noon, north, policy, south, west } from './images.ts';

// Policies, and regions in whatever state: what earlier runs, other policies, people and thieves have left.

const some = <T>(...all: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...all);
const maybe = <T extends object>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | Record<string, never>> =>
  fc.oneof(fc.constant({}), arbitrary);

const sourceIds = ['s0', 's1', 's2', 's3', 's4', 's5'].map(imageId);
const names = some('A', 'B', 'A (20261120)', '');
const hashes = some('h0', 'h1', 'h2', 'h3');
const visibilities = some('public' as const, 'public' as const, 'shared' as const, 'private' as const);
const madeMs = fc.integer({ min: 0, max: 40 }).map((days) => noon - days * dayMs);
const properties = fc.oneof(
  fc.constant({}),
  some<Record<string, string>>(
    { os_distro: 'x' },
    { os_distro: 'y', hw_a: '1' },
    { internal: '1', hw_a: '' },
  ),
);
const shown = {
  name: names,
  visibility: visibilities,
  isHidden: fc.boolean(),
  isProtected: fc.boolean(),
  minDisk: fc.integer({ min: 0, max: 2 }),
  tags: some<readonly string[]>([], ['a'], ['a', 'b']),
};

const source = fc
  .record({
    ...shown,
    isHidden: some(false, false, false, true),
    id: some(...sourceIds),
    owner: some('catalogue', 'catalogue', 'tenant'),
    status: some('active', 'active', 'active', 'active', 'deactivated', 'queued'),
    size: fc.integer({ min: 0, max: 3000 }),
    hash: fc.oneof(
      fc.constant({}),
      hashes.map((value) => ({ hash: { algorithm: 'sha512', value } })),
    ),
    createdAtMs: madeMs,
    members: some<readonly string[]>([], ['p1'], ['p1', 'p2']),
    properties,
    kind: some<Record<string, string>>(
      {},
      {},
      { image_type: 'snapshot', instance_uuid: 'i1', user_id: 'u' },
      { image_type: 'snapshot', block_device_mapping: '[]' },
    ),
  })
  .map(({ kind, hash, ...facts }): ImageFacts => {
    const { hash: _, ...rest } = image({ ...facts, properties: { ...facts.properties, ...kind } });
    return { ...rest, ...hash };
  });

/** Of a target region; the source's id only where another tool has mirrored it. */
const there = (index: number, region: ImageFacts['region']): fc.Arbitrary<ImageFacts> =>
  fc
    .record({
      ...shown,
      isOfSameId: some(false, false, false, true),
      sourceId: some(...sourceIds, imageId('gone1'), imageId('gone2')),
      status: some('active', 'active', 'active', 'queued', 'deactivated', 'importing', 'killed'),
      owner: some('ferry', 'ferry', 'ferry', 'ferry', 'mallory', 'theirs', 'theirs'),
      bytes: some(`there-${index}`, 'h0', 'h1', 'h2'),
      isMarked: some(true, true, true, false),
      unfinished: some({}, {}, { [unfinishedName]: '{}' }),
      sourceRegion: some(south, south, south, west),
      sourceHash: fc.oneof(
        fc.constant(''),
        hashes.map((value) => `sha512:${value}`),
      ),
      sourceMadeMs: madeMs,
      policyName: some('public', 'public', 'public', '', 'other'),
      family: some('A', 'B', 'A (20261120)', 'i1'),
      members: some<readonly string[]>([], ['p1', 'p3']),
      properties,
      size: fc.integer({ min: 0, max: 3000 }),
    })
    .map(({ isOfSameId, sourceId, isMarked, sourceMadeMs, bytes, unfinished, ...facts }) => {
      const provenance = {
        sourceRegion: facts.sourceRegion,
        sourceId,
        sourceHash: facts.sourceHash,
        sourceCreatedAt: new Date(sourceMadeMs).toISOString(),
        policy: facts.policyName,
        family: facts.family,
      };
      const { sourceRegion: _, sourceHash: __, policyName: ___, family: ____, ...rest } = facts;
      return image({
        ...rest,
        region,
        id: isOfSameId ? sourceId : imageId(`${region}-${index}`),
        hash: { algorithm: 'sha512', value: bytes },
        createdAtMs: noon - index * dayMs,
        ...(isMarked && {
          provenance,
          properties: { ...rest.properties, ...provenanceProperties(provenance), ...unfinished },
        }),
      });
    });

const uniqueById = (images: readonly ImageFacts[]): readonly ImageFacts[] => [
  ...new Map(images.map((one) => [one.id, one])).values(),
];

const imagesThere = (region: ImageFacts['region']): fc.Arbitrary<readonly ImageFacts[]> =>
  fc
    .integer({ min: 0, max: 7 })
    .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => there(index, region))))
    .map(uniqueById);

export const inventories: fc.Arbitrary<Inventory> = fc
  .record({
    source: fc.array(source, { maxLength: 7 }).map(uniqueById),
    north: imagesThere(north),
    west: imagesThere(west),
  })
  .map((images) => ({
    atMs: noon,
    source: images.source,
    targets: new Map([
      [north, images.north],
      [west, images.west],
    ]),
    owners: new Map([
      [north, 'ferry'],
      [west, 'ferry'],
    ]),
    failed: new Map(),
  }));

const retention = fc.record(
  {
    last: fc.integer({ min: 1, max: 3 }),
    days: fc.integer({ min: 1, max: 10 }),
    daily: fc.integer({ min: 1, max: 3 }),
    weekly: fc.integer({ min: 1, max: 3 }),
    monthly: fc.integer({ min: 1, max: 2 }),
  },
  { requiredKeys: ['last'] },
);

const retirement = fc.record({
  ladder: fc.shuffledSubarray(['hide', 'deactivate', 'private', 'delete'] as const, { minLength: 1 }),
  isDeleteAllowed: fc.boolean(),
  oldName: some('{name} ({date})', '{name} {id}'),
  isForRemoved: fc.boolean(),
});

/** Policies from SOUTH to NORTH and WEST, without caps. */
export const policies: fc.Arbitrary<Policy> = fc
  .record({
    identity: some('id' as const, 'name' as const, 'name' as const, 'provenance' as const),
    onConflict: some('error' as const, 'keep' as const, 'replace' as const, 'rename' as const),
    select: some<Policy['select']>(
      {},
      {},
      { visibility: ['public'] },
      { names: ['A*'] },
      { snapshots: false },
      { maxAgeMs: 20 * dayMs },
      { minAgeMs: 5 * dayMs },
      { imageId: 's0' },
    ),
    synced: fc.record({
      properties: some<readonly string[]>(['*'], ['*', '!internal'], []),
      members: fc.boolean(),
      protection: fc.boolean(),
      visibility: some('source' as const, 'source' as const, 'private' as const),
    }),
    set: some<Policy['set']>({}, {}, { properties: { set: 'x' }, tags: ['c'] }, { name: 'A' }),
    isReserved: some(false, false, true),
    retention: maybe(retention.map((one) => ({ retention: one }))),
    retirement: maybe(retirement.map((one) => ({ retirement: one }))),
  })
  .map(({ synced, isReserved, retention: kept, retirement: going, ...parts }) =>
    policy({
      ...parts,
      ...kept,
      ...going,
      targets: [
        { region: north, projects: { p1: 'q1', tenant: 'theirs' }, areMarksReserved: isReserved },
        { region: west, projects: {} },
      ],
      synced: { ...policyDefaults.synced, ...synced },
      caps: {},
    }),
  );

export const capped: fc.Arbitrary<Policy['caps']> = fc.record(
  {
    removalsPerRun: fc.integer({ min: 0, max: 2 }),
    bytesPerRun: fc.integer({ min: 1, max: 5000 }),
    importsPerRegion: fc.integer({ min: 1, max: 2 }),
  },
  { requiredKeys: [] },
);
