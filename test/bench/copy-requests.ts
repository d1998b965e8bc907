import { createCounters } from './counters.ts';
import { costsOf, type Numbers } from './import-cost.ts';
import { startFunction } from './measured-function.ts';
import { type RegionStage, startRegionStage } from './region-stage.ts';

/** Requests and USD of imports whose requests were counted. */
export interface Counted {
  readonly requests: number;
  readonly total: number;
}

const counted = (counts: Numbers, work: Parameters<typeof costsOf>[1]): Counted => ({
  requests: Object.entries(counts)
    .filter(([name]) => !name.endsWith(' units'))
    .reduce((sum, [, count]) => sum + count, 0),
  total: costsOf(counts, work).total,
});

type Functions = Readonly<Record<'STREAM_IMAGE' | 'APPLY_METADATA', ReturnType<typeof startFunction>>>;

/** All imports were asked for before the first one is served. */
const serve = async (stage: RegionStage, functions: Functions, imports: number): Promise<void> => {
  for (const queue of ['STREAM_IMAGE', 'APPLY_METADATA'] as const) {
    for (let served = 0; served < imports; served += 1) {
      const { event, done } = await stage.nextEvent(queue);
      await functions[queue].invoke(event);
      await done();
    }
  }
};

/** What an image costs that goes to so many regions: by one copy, and by as many imports alone. */
export const countCopies = async (size: number, regions: number) => {
  const counters = createCounters();
  const stage = await startRegionStage(regions, counters.settings);
  const started = (name: string) => startFunction(name, stage.env, { file: stage.fileOf(name) });
  const functions = { STREAM_IMAGE: started('stream-image'), APPLY_METADATA: started('apply-metadata') };
  const count = async (sources: readonly Awaited<ReturnType<RegionStage['newSource']>>[]) => {
    counters.take();
    for (const [index, source] of sources.entries()) await stage.request(source, index + 1);
    await serve(stage, functions, regions);
    return counted(counters.take(), { size, copies: new Set(sources).size, imports: regions });
  };
  const sourcesOf = (number: number) =>
    Promise.all(Array.from({ length: number }, () => stage.newSource(size)));
  try {
    const [one] = await sourcesOf(1);
    if (!one) throw new Error('no source');
    // Warm: what a function asks once is not what an import costs.
    await count(await sourcesOf(regions));
    return {
      shared: await count(Array.from({ length: regions }, () => one)),
      alone: await count(await sourcesOf(regions)),
    };
  } finally {
    await Promise.all(Object.values(functions).map((function_) => function_.stop()));
    await stage.stop();
    await counters.stop();
  }
};
