import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { hasEnded, type Task } from '../../lib/state/task.ts';
import { deployedRuntime, startFunction } from '../bench/measured-function.ts';
import type { ImageView } from '../cloud/openstack/glance/record.ts';
import { endWorker, startWorker } from '../endurance/worker-process.ts';
import type { Found } from './at-once.ts';
import { drawChart, type Strip } from './chart.ts';
import type { LoadCloud, Requested } from './cloud.ts';
import { faultsOf, leftOver } from './ends.ts';
import { growthOf, type Tolerance } from './growth.ts';
import { type Use, useOf } from './process-use.ts';

const lookAgainMs = 200;
/** A single import's, on a busy machine. */
const patienceMs = 180_000;
const wrongHash = '0'.repeat(128);

/** Of one worker and of the HTTP function, over a soak. */
const tolerances = {
  memoryMiB: { percent: 10, atLeast: 16 },
  sockets: { percent: 10, atLeast: 3 },
  handles: { percent: 5, atLeast: 2 },
  items: { percent: 10, atLeast: 10 },
} as const satisfies Record<string, Tolerance>;

export interface SoakOptions {
  readonly minutes: number;
  /** Imports that are under way at a time. */
  readonly users: number;
  readonly sampleS: number;
  /** Growth shows over many minutes only. */
  readonly judgesGrowth: boolean;
  /** Where the picture goes; none when absent. */
  readonly chart?: URL;
}

/** Small parts and segments, so that every way of copying is gone often. */
const settings = {
  ...deployedRuntime,
  WORKER_CONCURRENCY: '4',
  PART_SIZE_MIB: '5',
  SEGMENT_SIZE_MIB: '10',
  SEGMENTS_AT_ONCE: '2',
};

interface Kind {
  readonly source: ImageView;
  /** Its record has a hash that its bytes do not have: the import must fail, and its target stay as it was. */
  readonly isWrong: boolean;
}

const kindsOf = async (cloud: LoadCloud): Promise<readonly Kind[]> => {
  const good = await Promise.all([0.06, 1, 6, 24].map((mebibytes) => cloud.newSource(mebibytes)));
  const wrong = await cloud.newSource(6, 9);
  cloud.openstack.regions.REGION1.change(wrong.id, { os_hash_value: wrongHash });
  return [...good, ...good, ...good]
    .map((source) => ({ source, isWrong: false }))
    .concat({ source: { ...wrong, os_hash_value: wrongHash }, isWrong: true });
};

const untilOver = async (cloud: LoadCloud, requested: Requested): Promise<Task | undefined> => {
  for (const end = Date.now() + patienceMs; Date.now() < end; await delay(lookAgainMs)) {
    const task = await cloud.task(requested);
    if (task && hasEnded(task)) return task;
  }
  return undefined;
};

/** What is wrong with the end of an import; nothing where one that had to fail has failed. */
const judge = (
  cloud: LoadCloud,
  kind: Kind,
  requested: Requested,
  task: Task | undefined,
): readonly string[] => {
  if (!kind.isWrong) return faultsOf(cloud, [requested], task ? [task] : []);
  const status = cloud.openstack.regions.REGION2.image(requested.targetId)?.status;
  if (task?.status === 'failure' && status === 'queued') return [];
  return [`the import of wrong bytes ended as ${task?.status}, its target is ${status}`];
};

interface Sample {
  readonly minute: number;
  readonly worker: Use;
  readonly http: Use;
  readonly items: number;
}

const stripsOf = (samples: readonly Sample[]): readonly Strip[] => {
  const both = (name: string, value: (use: Use) => number): Strip => ({
    name,
    lines: [
      { name: 'worker', values: samples.map(({ worker }) => value(worker)) },
      { name: 'import-image', values: samples.map(({ http }) => value(http)) },
    ],
  });
  return [
    both('memory, MiB', ({ memoryMiB }) => memoryMiB),
    both('sockets', ({ sockets }) => sockets),
    both('other file handles', ({ handles }) => handles),
    { name: 'items of the table', lines: [{ name: 'items', values: samples.map(({ items }) => items) }] },
  ];
};

const judgeGrowth = (samples: readonly Sample[]) => {
  const [memory, sockets, handles, items] = stripsOf(samples);
  const strips = [
    [memory, tolerances.memoryMiB],
    [sockets, tolerances.sockets],
    [handles, tolerances.handles],
    [items, tolerances.items],
  ] as const;
  return strips.flatMap(([strip, tolerance]) =>
    (strip?.lines ?? []).map(({ name, values }) => {
      const { from, to, isFlat } = growthOf(values, tolerance);
      const what = name === 'items' ? 'items of the table' : `${strip?.name.replace(', MiB', '')} of ${name}`;
      const allowed = `${tolerance.percent} % or ${tolerance.atLeast}`;
      return {
        row: [what, from.toFixed(0), to.toFixed(0), allowed, isFlat ? 'flat' : '**grows**'],
        what,
        isFlat,
      };
    }),
  );
};

/** Imports one after another by some users, for a while: what the processes hold must not grow. */
export const soak = async (
  cloud: LoadCloud,
  options: SoakOptions,
): Promise<Found & { readonly imports: number }> => {
  const { minutes, users, sampleS } = options;
  const kinds = await kindsOf(cloud);
  const http = startFunction(
    'import-image',
    { ...cloud.env, ...settings },
    { file: cloud.fileOf('import-image') },
  );
  Object.assign(process.env, settings);
  const worker = startWorker([]);
  const faults: string[] = [];
  const samples: Sample[] = [];
  const startedMs = Date.now();
  const minuteNow = (): number => (Date.now() - startedMs) / 60_000;
  const isOver = (): boolean => minuteNow() >= minutes || worker.exitCode !== null;
  let imports = 0;
  let turn: Promise<unknown> = Promise.resolve();
  /** The process of the HTTP function serves one request at a time, as Lambda's do. */
  const invoke = (event: unknown): Promise<unknown> => {
    const answer = turn.then(() => http.invoke(event));
    turn = answer.catch(() => undefined);
    return answer.then(({ result }) => result);
  };

  const use = async (user: number): Promise<void> => {
    for (let round = user; !isOver(); round += 1) {
      const kind = kinds[round % kinds.length];
      if (!kind) throw new Error('nothing to import');
      const requested = await cloud.request(kind.source, user % 2 === 0 ? 'demo' : 'other', invoke);
      const task = await untilOver(cloud, requested);
      faults.push(...judge(cloud, kind, requested, task));
      // DynamoDB would do it by the item's time to live, two days later.
      await cloud.forget(requested);
      imports += 1;
    }
  };
  const sample = async (): Promise<void> => {
    for (; !isOver(); await delay(sampleS * 1000)) {
      const items = (await cloud.items()).length;
      samples.push({ minute: minuteNow(), worker: useOf(worker.pid ?? 0), http: useOf(http.pid), items });
    }
  };

  try {
    await Promise.all([...Array.from({ length: users }, (_, user) => use(user)), sample()]);
    faults.push(...(await leftOver(cloud)));
    const growth = judgeGrowth(samples);
    if (options.judgesGrowth)
      faults.push(...growth.filter(({ isFlat }) => !isFlat).map(({ what }) => `${what} grow`));
    if (options.chart) {
      const title = `${imports} imports in ${minutes} minutes, ${users} at a time`;
      const chart = { title, minutes: samples.map(({ minute }) => minute), strips: stripsOf(samples) };
      writeFileSync(options.chart, drawChart(chart));
    }
    return { rows: growth.map(({ row }) => row), faults, imports };
  } finally {
    const code = await endWorker(worker, 'SIGTERM');
    if (code !== 0) faults.push(`the worker ended with ${code}`);
    await http.stop();
  }
};
