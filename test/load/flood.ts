import { setTimeout as delay } from 'node:timers/promises';
import { median } from '../bench/rounds.ts';
import type { Found } from './at-once.ts';
import type { Env, LoadCloud, Requested } from './cloud.ts';
import { faultsOf, leftOver, untilEnded } from './ends.ts';
import { startFunctions } from './functions.ts';

const MiB = 1024 ** 2;
/** Each import of the flood copies for two seconds, whatever the machine does. */
const floodRate = MiB / 2; // bytes a second
const untilFullMs = 4000;
const lookAgainMs = 20;
const patienceS = 600;
/** How much longer than on an idle deployment an import of another project may take to begin, s; on a busy machine … */
const toleranceS = 5;
/** … or how much of what it takes without shares. */
const toleratedShare = 0.25;

export interface FloodOptions {
  /** Imports of one project. */
  readonly count: number;
  /** Imports of another project, one after another. */
  readonly singles: number;
}

/** What the imports of the other project saw. */
interface Seen {
  /** Seconds from the request until a function works on it, of each. */
  readonly begins: readonly number[];
  readonly requested: readonly Requested[];
}

type Source = Requested['source'];

/** One import of project `other`, until a function works on it. */
const single = async (
  cloud: LoadCloud,
  source: Source,
): Promise<{ requested: Requested; beginsS: number }> => {
  const startedMs = performance.now();
  const requested = await cloud.request(source, 'other');
  while ((await cloud.task(requested))?.status === 'pending') await delay(lookAgainMs);
  return { requested, beginsS: (performance.now() - startedMs) / 1000 };
};

/** One after another: each has ended before the next one is asked for. */
const singles = async (cloud: LoadCloud, source: Source, count: number): Promise<Seen> => {
  const begins: number[] = [];
  const requested: Requested[] = [];
  for (let index = 0; index < count; index += 1) {
    const one = await single(cloud, source);
    begins.push(one.beginsS);
    requested.push(one.requested);
    await untilEnded(cloud, [one.requested], patienceS);
  }
  return { begins, requested };
};

interface Measured extends Seen {
  readonly faults: readonly string[];
  /** Seconds until the whole flood had ended. */
  readonly floodS: number;
}

const newSources = (cloud: LoadCloud, count: number): Promise<readonly Source[]> =>
  Promise.all(Array.from({ length: count }, () => cloud.newSource(1)));

const measure = async (
  cloud: LoadCloud,
  options: { readonly flood: number; readonly singles: number; readonly settings: Env },
): Promise<Measured> => {
  const small = await cloud.newSource(1);
  // Each import has its own source: those of one would share a copy.
  const warming = await newSources(cloud, 20);
  const slow = await newSources(cloud, options.flood);
  for (const { id } of slow)
    cloud.openstack.regions.REGION1.fault(id, {
      on: 'get-file',
      kind: 'slow',
      bytesPerSecond: floodRate,
      times: Number.POSITIVE_INFINITY,
    });
  const functions = startFunctions(cloud, options.settings);
  try {
    // Processes start at their first message, and are not what is measured.
    const warmUp = await Promise.all(warming.map((source) => cloud.request(source)));
    await untilEnded(cloud, warmUp, patienceS);
    const startedMs = Date.now();
    const flood = await Promise.all(slow.map((source) => cloud.request(source)));
    if (options.flood > 0) await delay(untilFullMs);
    const seen = await singles(cloud, small, options.singles);
    const all = [...flood, ...seen.requested];
    const ended = await untilEnded(cloud, all, patienceS);
    const floodS = (Date.now() - startedMs) / 1000;
    const faults = [...faultsOf(cloud, all, ended), ...functions.complaints, ...(await leftOver(cloud))];
    return { ...seen, faults, floodS };
  } finally {
    await functions.stop();
    cloud.openstack.regions.REGION1.clearFaults();
  }
};

/** One project's flood beside another project's single imports, with and without the share of a project. */
export const floodBesideOne = async (cloud: LoadCloud, options: FloodOptions): Promise<Found> => {
  const { count } = options;
  const idle = await measure(cloud, { flood: 0, singles: options.singles, settings: {} });
  const shared = await measure(cloud, { flood: count, singles: options.singles, settings: {} });
  const unshared = await measure(cloud, {
    flood: count,
    singles: 1,
    settings: { PROJECT_SHARE_PERCENT: '100' },
  });
  const row = (name: string, { begins, floodS }: Measured, hasFlood = true) => [
    name,
    `${median(begins).toFixed(2)} s`,
    `${Math.max(...begins).toFixed(2)} s`,
    hasFlood ? `${floodS.toFixed(0)} s` : '–',
  ];
  const [idleS, sharedS, unsharedS] = [idle, shared, unshared].map(({ begins }) => median(begins));
  const tolerated = Math.max(Number(idleS) + toleranceS, Number(unsharedS) * toleratedShare);
  const isHeldUp = Number(sharedS) > tolerated;
  const times = (Number(unsharedS) / Number(sharedS)).toFixed(0);
  return {
    rows: [
      row('no flood', idle, false),
      row(`beside ${count} of another project`, shared),
      row('the same, without shares (`PROJECT_SHARE_PERCENT=100`)', unshared),
      ['without shares ÷ with them', `**${times} ×**`, '', ''],
    ],
    faults: [
      ...[idle, shared, unshared].flatMap(({ faults }) => faults),
      ...(isHeldUp ? [`a single import began after ${sharedS} s beside a flood, ${idleS} s without`] : []),
    ],
  };
};
