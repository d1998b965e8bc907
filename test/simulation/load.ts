import type { Meter } from './memory-table.ts';
import { createBusiest, createLevel, createSeries } from './meters.ts';

/** What days of imports ask of every service, and of the queues. */
export const createLoad = (nowMs: () => number) => ({
  reads: createSeries(nowMs),
  writes: createSeries(nowMs),
  busiestReads: createBusiest(nowMs),
  busiestWrites: createBusiest(nowMs),
  s3Writes: createSeries(nowMs),
  s3Reads: createSeries(nowMs),
  sqs: createSeries(nowMs),
  /** Bytes. */
  source: createSeries(nowMs),
  streamWaiting: createLevel(nowMs),
  streamAtWork: createLevel(nowMs),
  applyWaiting: createLevel(nowMs),
  applyAtWork: createLevel(nowMs),
});

export type Load = ReturnType<typeof createLoad>;

export const meterOf = (load: Load): Meter => ({
  read: (units, partition) => {
    load.reads.add(units);
    load.busiestReads.add(partition, units);
  },
  write: (units, partition) => {
    load.writes.add(units);
    load.busiestWrites.add(partition, units);
  },
});

export const createCounts = () => ({
  runs: 0,
  polls: 0,
  deaths: 0,
  handOvers: 0,
  partsSent: 0,
  tooLargeForUpload: 0,
});

export type Counts = ReturnType<typeof createCounts>;
