import { GiB, MiB } from '../../lib/transfer/part-plan.ts';
import type { Arrival, Assumptions } from './assumptions.ts';
import { randomOf } from './random.ts';

/**
 * Measured on one machine (performance.md) a function moves 600 MiB/s or more; Lambda's network gives a function about 600 Mbit/s,
 * and that is what limits: 75 MiB/s. Sources and Glances of real clouds give a connection about as much.
 */
export const assumed: Assumptions = {
  sourceRate: 75 * MiB,
  functionRate: 75 * MiB,
  glanceRate: 75 * MiB,
  overheadS: 0.3,
  streamConcurrency: 10,
  applyConcurrency: 5,
  runS: 870,
  deaths: 0,
  segmentSize: 4096 * MiB,
  segmentsAtOnce: 4,
  sharePercent: 50,
};

const day = 24 * 3600; // s
const projects = 40;

/** What clouds have: many small images, few large snapshots. 4.6 GiB on average. */
const mixedSize = (random: () => number): number => {
  const kind = random();
  const between = (from: number, to: number) => Math.floor((from + random() * (to - from)) * GiB);
  if (kind < 0.6) return between(0.3, 2);
  if (kind < 0.9) return between(2, 10);
  return kind < 0.99 ? between(10, 30) : between(30, 100);
};

/** A fifth within an hour of the night, the others over the day. */
export const tenThousand = (count = 10_000): readonly Arrival[] => {
  const random = randomOf(7);
  return Array.from({ length: count }, (_, index) => ({
    atS: index % 5 === 0 ? 2 * 3600 + random() * 3600 : random() * day,
    size: mixedSize(random),
    project: Math.floor(random() * projects),
  }));
};

const evenly = (count: number, size: number): readonly Arrival[] =>
  Array.from({ length: count }, (_, index) => ({ atS: (index * day) / count, size, project: 0 }));

export interface Scenario {
  readonly name: string;
  readonly arrivals: readonly Arrival[];
  readonly assumed: Assumptions;
}

const wide = { streamConcurrency: 60, applyConcurrency: 60 } as const;

/** The way into Glance takes as long as it takes in the worker; on Lambda an image above 63 GiB would not get through. */
export const days = (): readonly Scenario[] => [
  {
    name: '10 000 imports a day, as deployed by default',
    arrivals: tenThousand(),
    assumed,
  },
  {
    name: '10 000 imports a day, STREAM_CONCURRENCY=60, APPLY_CONCURRENCY=60',
    arrivals: tenThousand(),
    assumed: { ...assumed, ...wide },
  },
  {
    name: 'the same, and one run in a hundred dies',
    arrivals: tenThousand(),
    assumed: { ...assumed, ...wide, deaths: 0.01 },
  },
  { name: '10 TiB a day: 100 × 100 GiB', arrivals: evenly(100, 100 * GiB), assumed },
  { name: '10 TiB a day: 10 × 1 TiB', arrivals: evenly(10, 1024 * GiB), assumed },
  { name: 'one image of 5 TiB', arrivals: evenly(1, 5 * 1024 * GiB), assumed },
  {
    name: 'one image of 5 TiB from a source of 10 MiB/s per connection, SEGMENTS_AT_ONCE=32, PROJECT_SHARE_PERCENT=80',
    arrivals: evenly(1, 5 * 1024 * GiB),
    assumed: {
      ...assumed,
      sourceRate: 10 * MiB,
      streamConcurrency: 40,
      segmentsAtOnce: 32,
      sharePercent: 80,
    },
  },
];

const widely = 'with `STREAM_CONCURRENCY` and `APPLY_CONCURRENCY` 60';

/** The same images at the same moments into the same number of regions: sharing their copies, and each as an import alone. */
export const regions = (images = 1000, regions = 10): readonly Scenario[] => {
  const alone = tenThousand(images);
  const together = alone.map((arrival) => ({ ...arrival, regions }));
  const singly = alone.flatMap((arrival) => Array.from({ length: regions }, () => arrival));
  const named = (name: string, arrivals: readonly Arrival[]): readonly Scenario[] => [
    { name: `${name}, as deployed by default`, arrivals, assumed },
    { name: `${name}, ${widely}`, arrivals, assumed: { ...assumed, ...wide } },
  ];
  return [
    ...named(`${images} images to ${regions} regions`, together),
    ...named(`${images * regions} single imports`, singly),
  ];
};

/** One project asks for 150 imports at once, and another one for an import of 1 GiB every ten minutes. */
export const flood: readonly Arrival[] = (() => {
  const random = randomOf(11);
  const ofOne = Array.from({ length: 150 }, () => ({ atS: 0, size: mixedSize(random), project: 0 }));
  const ofAnother = Array.from({ length: 12 }, (_, index) => ({
    atS: 60 + 600 * index,
    size: GiB,
    project: 1,
  }));
  return [...ofOne, ...ofAnother];
})();
