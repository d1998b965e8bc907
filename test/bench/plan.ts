import type { Inventory } from '../../lib/replication/plan/change.ts';
import { planSync } from '../../lib/replication/plan/sync/plan-sync.ts';
import { policyDefaults, retirementDefaults } from '../../lib/replication/policy/defaults.ts';
import type { Policy } from '../../lib/replication/policy/policy.ts';
import { factsOf } from '../../lib/replication/record/facts-of.ts';
import type { ImageFacts } from '../../lib/replication/record/image-facts.ts';
import { type Provenance, provenanceProperties } from '../../lib/replication/record/provenance.ts';
import type { ImageId, RegionName } from '../../lib/schemas/ids.ts';
import { judged, startReport } from './report.ts';
import { alternate, median, medianRatio } from './rounds.ts';

// What a plan costs: all images of a region and their replicas in eight others, in memory, a core by itself.

const rounds = Number(process.env['BENCH_ROUNDS'] ?? 7);
const sizes = [2500, 5000, 10_000] as const;
/** Twice the images, twice the time, and some more for sorting and memory. */
const goal = { atMost: 2.5 };

const source = 'SOUTH' as RegionName;
const targets = Array.from({ length: 8 }, (_, index) => `REGION${index}` as RegionName);
const noonMs = Date.UTC(2026, 10, 26, 12);

const properties = Object.fromEntries(
  ['os_distro', 'os_version', 'os_type', 'architecture', 'hw_disk_bus', 'hw_vif_model', 'hw_rng_model'].map(
    (name) => [name, `value of ${name}`],
  ),
);

/** Three of a name, of which two are old: hidden and renamed in every region. */
const original = (index: number): ImageFacts =>
  factsOf(source, {
    id: `00000000-0000-8000-8000-${String(index).padStart(12, '0')}`,
    name: `Image ${Math.floor(index / 3)}`,
    status: 'active',
    visibility: 'public',
    owner: 'catalogue',
    size: 2 ** 30,
    min_disk: 1,
    min_ram: 0,
    os_hash_algo: 'sha512',
    os_hash_value: `${index}`.repeat(16),
    created_at: new Date(noonMs - index * 60_000).toISOString(),
    updated_at: new Date(noonMs).toISOString(),
    tags: ['lts'],
    ...properties,
  });

const replicaOf = (image: ImageFacts, index: number, region: RegionName): ImageFacts => {
  const provenance: Provenance = {
    sourceRegion: source,
    sourceId: image.id,
    sourceHash: `sha512:${image.hash?.value ?? ''}`,
    sourceCreatedAt: new Date(image.createdAtMs).toISOString(),
    policy: 'public',
    family: image.name,
  };
  const isOld = index % 3 > 0;
  const hasDrifted = index % 30 === 0;
  return {
    ...image,
    region,
    id: `${region}-${image.id}` as ImageId,
    owner: 'ferry',
    name: isOld && index % 2 === 0 ? `${image.name} (old)` : image.name,
    isHidden: isOld,
    properties: {
      ...image.properties,
      ...provenanceProperties(provenance),
      ...(hasDrifted && { os_version: 'another' }),
    },
    provenance,
  };
};

/** One in ten is missing; the rest is there, some of it changed. */
const inventoryOf = (count: number): Inventory => {
  const images = Array.from({ length: count }, (_, index) => original(index));
  return {
    atMs: noonMs,
    source: images,
    targets: new Map(
      targets.map((region) => [
        region,
        images.flatMap((image, index) => (index % 10 === 9 ? [] : [replicaOf(image, index, region)])),
      ]),
    ),
    owners: new Map(targets.map((region) => [region, 'ferry'])),
    failed: new Map(),
  };
};

const policy: Policy = {
  ...policyDefaults,
  name: 'public',
  source: { region: source },
  targets: targets.map((region) => ({ region, projects: {} })),
  select: { visibility: ['public'], names: ['Image *'] },
  identity: 'name',
  onConflict: 'rename',
  retention: { last: 2, monthly: 6 },
  retirement: { ...retirementDefaults, ladder: ['hide', 'deactivate'] },
  caps: { removalsPerRun: 100 },
};

export const plan = async (): Promise<void> => {
  const report = startReport();
  const inventories = new Map(sizes.map((size) => [size, inventoryOf(size)] as const));
  const planned = new Map<number, number>();
  const times = await alternate(
    Object.fromEntries(
      [...inventories].map(([size, inventory]) => [
        String(size),
        async () => {
          const startedMs = performance.now();
          planned.set(size, planSync(policy, inventory).length);
          return (performance.now() - startedMs) / 1000;
        },
      ]),
    ),
    rounds,
  );
  const rows = sizes.map((size) => {
    const own = times[String(size)] ?? [];
    const half = times[String(size / 2)];
    const growth = half ? judged(medianRatio(own, half), goal) : ['', ''];
    return [
      `${size} images × ${targets.length} regions`,
      `${planned.get(size) ?? 0}`,
      `**${median(own).toFixed(2)} s**`,
      ...growth,
    ];
  });
  report({
    name: 'plan',
    tables: [{ head: ['a plan over', 'changes in it', 'time', 'of half as many', 'goal'], rows }],
    notes: [
      `Facts in memory, seven properties each and ours; three images of each name, one in ten missing, one in thirty changed; retention and a ladder. One thread. Median of ${rounds} rounds, in turn.`,
    ],
  });
};
