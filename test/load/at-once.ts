import { quantile } from '../bench/rounds.ts';
import type { LoadCloud } from './cloud.ts';
import { faultsOf, leftOver, secondsOf, untilEnded } from './ends.ts';
import { startFunctions } from './functions.ts';

/** What a case of the load suite has found. */
export interface Found {
  /** Cells of a row of the page's table, by column. */
  readonly rows: readonly (readonly string[])[];
  /** Empty when all is as it should be. */
  readonly faults: readonly string[];
}

export interface Crowd {
  readonly count: number;
  /** MiB; each import takes the next one, again and again. */
  readonly sizes: readonly number[];
  /** Whether imports of a size have one source, whose bytes are copied once for those that wait; else each has its own. */
  readonly isShared?: boolean;
  readonly patienceS: number;
}

const allAtOnce = <T>(count: number, run: (index: number) => Promise<T>): Promise<readonly T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => run(index)));

/** `0.01 to 6`, or the one there is. */
const span = (sizes: readonly number[]): string =>
  [...new Set([Math.min(...sizes), Math.max(...sizes)])].join(' to ');

/** So many imports, asked for at the same moment, by functions as deployed by default. */
export const importAtOnce = async (
  cloud: LoadCloud,
  { count, sizes, isShared = false, patienceS }: Crowd,
): Promise<Found> => {
  const sources = await allAtOnce(isShared ? sizes.length : count, (index) =>
    cloud.newSource(sizes[index % sizes.length] ?? 1),
  );
  const functions = startFunctions(cloud);
  try {
    const startedMs = Date.now();
    const requested = await allAtOnce(count, async (index) => {
      const source = sources[index % sources.length];
      if (!source) throw new Error('no sizes');
      return await cloud.request(source);
    });
    const postedS = (Date.now() - startedMs) / 1000;
    const ended = await untilEnded(cloud, requested, patienceS);
    const wholeS = (Date.now() - startedMs) / 1000;
    const mebibytes = requested.reduce((sum, { source }) => sum + Number(source.size), 0) / 1024 ** 2;
    const seconds = ended.map(secondsOf);
    const row = [
      `${count} imports at once${isShared ? ` of ${sizes.length} sources` : ''}, ${span(sizes)} MiB`,
      `${ended.filter(({ status }) => status === 'success').length} of ${count}`,
      `${postedS.toFixed(1)} s`,
      `${quantile(seconds, 0.5).toFixed(1)} s`,
      `${quantile(seconds, 1).toFixed(1)} s`,
      `${(mebibytes / wholeS).toFixed(0)} MiB/s`,
      [...functions.peaksMiB].map(([name, peak]) => `${name} ${peak}`).join(', '),
    ];
    const faults = [
      ...faultsOf(cloud, requested, ended),
      ...functions.complaints,
      ...(await leftOver(cloud)),
    ];
    return { rows: [row], faults };
  } finally {
    await functions.stop();
  }
};
