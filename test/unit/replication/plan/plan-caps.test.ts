import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Change, ImportHistory, Inventory } from '../../../../lib/replication/plan/change.ts';
import { planSync } from '../../../../lib/replication/plan/sync/plan-sync.ts';
import type { Policy } from '../../../../lib/replication/policy/policy.ts';
import type { ImageFacts } from '../../../../lib/replication/record/image-facts.ts';
import type { ImageId, RegionName } from '../../../../lib/schemas/ids.ts';
import { applyChange } from '../apply-change.ts';
import { image, imageId, noon, north, policy } from '../images.ts';
import { capped, inventories, policies } from '../worlds.ts';
import { lines, replica, world } from './planned.ts';

type Copy = Extract<Change, { readonly kind: 'copy' }>;

const [a, b, c] = ['a', 'b', 'c'].map((id) => image({ id: imageId(id), name: id, size: 100 })) as [
  ImageFacts,
  ImageFacts,
  ImageFacts,
];
const queued = (source: ImageFacts): ImageFacts => replica(source, { status: 'queued' });
const planned = (
  parts: Partial<Policy>,
  there: readonly ImageFacts[],
  imports: Readonly<Record<string, ImportHistory>>,
  source: readonly ImageFacts[] = [a, b, c],
): readonly string[] => {
  const known = new Map(Object.entries(imports).map(([id, history]) => [imageId(id), history] as const));
  return lines(planSync(policy(parts), world(source, there, { imports: new Map([[north, known]]) })));
};
const oneAtATime = { caps: { importsPerRegion: 1 } };
const waits = 'it waits: 1 imports into a region at a time';

describe('the turn of a cap', () => {
  test('is not taken by a record whose import is not begun again', () => {
    const refusal = 'its last import has failed: Cancelled by its owner';
    const cancelled = { 'r-a': { isRunning: false, endedMs: noon, refusal } };
    const told = [`skip a: ${refusal}`, 'copy b', `skip c: ${waits}`];
    expect(planned(oneAtATime, [queued(a)], cancelled)).toEqual(told);
    expect(planned({ caps: { bytesPerRun: 200 } }, [queued(a)], cancelled)).toEqual([
      told[0],
      'copy b',
      'copy c',
    ]);
  });

  test('goes to images that were never tried, and then to the one whose import ended longest ago', () => {
    const failedAt = (endedMs: number): ImportHistory => ({ isRunning: false, endedMs });
    const both = [queued(a), queued(b)];
    const failed = { 'r-a': failedAt(noon), 'r-b': failedAt(noon - 1) };
    expect(planned(oneAtATime, both, failed)).toEqual([`skip a: ${waits}`, `skip b: ${waits}`, 'copy c']);
    expect(planned(oneAtATime, both, failed, [a, b])).toEqual([`skip a: ${waits}`, 'copy b into r-b']);
  });

  test('is taken by an import that runs, though its record is still queued', () => {
    expect(planned(oneAtATime, [queued(b)], { 'r-b': { isRunning: true } })).toEqual([
      `skip a: ${waits}`,
      'copy b into r-b',
      `skip c: ${waits}`,
    ]);
  });

  test('is taken by an import that a plan for another image knows nothing else of', () => {
    const ofB = { ...oneAtATime, select: { imageId: 'b' } };
    expect(planned(ofB, [queued(a)], { 'r-a': { isRunning: true } }, [b])).toEqual([`skip b: ${waits}`]);
    expect(planned(ofB, [queued(a)], { 'r-a': { isRunning: false } }, [b])).toEqual(['copy b']);
  });

  test('is not taken by a replica that a Glance left half uploaded, which is told', () => {
    const left = replica(a, { status: 'saving', visibility: 'private', updatedAtMs: noon - 2 * 3_600_000 });
    const none = { 'r-a': { isRunning: false } };
    const told = 'skip r-a as an error: replica r-a is saving there, and no import is at work: delete it';
    expect(planned(oneAtATime, [left], none, [a, b])).toEqual(['copy b', told]);
    expect(planned({}, [left], none, [a])).toEqual([told]);
    const onlyB = { ...oneAtATime, select: { imageId: 'b' } };
    expect(planned(onlyB, [left], none, [b])).toEqual(['copy b']);

    const taken = [`skip b: ${waits}`];
    expect(planned(oneAtATime, [left], { 'r-a': { isRunning: true } }, [a, b])).toEqual(taken);
    // It may be somebody else's upload, or its import may only just have ended; of one not asked about nothing is known.
    expect(planned(oneAtATime, [{ ...left, updatedAtMs: noon - 60_000 }], none, [a, b])).toEqual(taken);
    expect(planned(oneAtATime, [left], {}, [a, b])).toEqual(taken);
  });

  test('is not taken by an image that is larger than a run may move', () => {
    const large = { ...a, size: 1000 };
    expect(planned({ caps: { importsPerRegion: 1, bytesPerRun: 200 } }, [], {}, [large, b])).toEqual([
      'skip a as an error: its 1000 bytes are more than a run may move',
      'copy b',
    ]);
  });
});

/** Regions whose imports take some runs, and of which some fail whenever they are tried. */
class Regions {
  #atWork: { readonly copy: Copy; left: number }[] = [];

  readonly policy: Policy;
  readonly failing: ReadonlySet<ImageId>;
  /** Why what has failed is not tried again; undefined: it is. */
  readonly refusal: string | undefined;
  inventory: Inventory;

  constructor({
    policy: of,
    failing,
    refusal,
    inventory,
  }: Pick<Regions, 'policy' | 'failing' | 'refusal' | 'inventory'>) {
    this.policy = of;
    this.failing = failing;
    this.refusal = refusal;
    const imports = new Map<RegionName, Map<ImageId, ImportHistory>>();
    const targets = new Map<RegionName, readonly ImageFacts[]>();
    for (const [region, images] of inventory.targets) {
      const left = images.map((one) => (one.status === 'importing' ? { ...one, status: 'queued' } : one));
      const records = left.filter(({ status }) => status === 'queued');
      imports.set(region, new Map(records.map(({ id }) => [id, { isRunning: false }])));
      targets.set(region, left);
    }
    this.inventory = { ...inventory, targets, imports };
  }

  running(region: RegionName): number {
    return this.#atWork.filter(({ copy }) => copy.region === region).length;
  }

  #learn(region: RegionName, id: ImageId, history: ImportHistory): void {
    const imports = new Map(this.inventory.imports);
    imports.set(region, new Map(imports.get(region)).set(id, history));
    this.inventory = { ...this.inventory, imports };
  }

  #begin(copy: Copy, runs: number): void {
    const { region } = copy;
    if (this.#atWork.some((one) => one.copy.region === region && one.copy.record === copy.record)) return;
    const before = new Set(this.inventory.targets.get(copy.region)?.map(({ id }) => id));
    const done = applyChange(this.policy, this.inventory, copy);
    const images = done.targets.get(copy.region) ?? [];
    const record = copy.record ?? images.find(({ id }) => !before.has(id))?.id;
    if (!record) throw new Error(`no record: ${JSON.stringify(copy)}`);
    const targets = new Map(done.targets);
    const empty = (one: ImageFacts): ImageFacts => (one.id === record ? { ...one, status: 'queued' } : one);
    this.inventory = { ...done, targets: targets.set(copy.region, images.map(empty)) };
    this.#learn(copy.region, record, { isRunning: true });
    this.#atWork.push({ copy: { ...copy, record }, left: runs });
  }

  #end({ image: id, region, record, ...copy }: Copy): void {
    if (!record) return;
    const { refusal } = this;
    const endedMs = this.inventory.atMs;
    this.#learn(region, record, { isRunning: false, endedMs, ...(refusal !== undefined && { refusal }) });
    if (this.failing.has(id)) return;
    this.inventory = applyChange(this.policy, this.inventory, { ...copy, image: id, region, record });
  }

  run(runsOf: (copy: Copy) => number): void {
    this.inventory = { ...this.inventory, atMs: this.inventory.atMs + 1 };
    for (const one of this.#atWork) one.left -= 1;
    const ended = this.#atWork.filter(({ left }) => left <= 0);
    this.#atWork = this.#atWork.filter(({ left }) => left > 0);
    for (const { copy } of ended) this.#end(copy);
    for (const change of planSync(this.policy, this.inventory)) {
      if (change.kind === 'copy') this.#begin(change, runsOf(change));
      else if (change.kind !== 'skip') this.inventory = applyChange(this.policy, this.inventory, change);
    }
  }

  /** Images that are still to be copied, or wait for their turn. */
  open(): readonly ImageId[] {
    return planSync(this.policy, this.inventory)
      .filter((change) => change.kind === 'copy' || (change.kind === 'skip' && change.isWaiting))
      .map(({ image: id }) => id);
  }
}

const sources = ['s0', 's1', 's2', 's3', 's4', 's5'].map(imageId);

test('whatever fails for good, every other image is copied in finitely many runs, and no cap is exceeded', () => {
  const failing = fc.subarray(sources).map((ids) => new Set(ids));
  const refusal = fc.constantFrom(undefined, 'its last import has failed');
  const takes = fc.func(fc.integer({ min: 1, max: 3 }));
  fc.assert(
    fc.property(
      fc.tuple(policies, capped, inventories, failing, refusal, takes),
      ([of, caps, start, never, why, runsOf]) => {
        const regions = new Regions({
          ...{ policy: { ...of, caps }, failing: never, refusal: why, inventory: start },
        });
        const most = caps.importsPerRegion ?? Number.POSITIVE_INFINITY;
        for (let run = 0; run < 100; run += 1) {
          regions.run(({ image: id, region }) => runsOf(id, region));
          for (const { region } of of.targets) expect(regions.running(region)).toBeLessThanOrEqual(most);
          if (regions.open().every((id) => never.has(id))) return;
        }
        throw new Error(`no end: ${regions.open().join()} of those but ${[...never].join()}`);
      },
    ),
    { numRuns: Number(process.env['PLAN_RUNS'] ?? 300) },
  );
});
