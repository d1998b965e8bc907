import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundle } from './bundles.ts';
import { type FunctionProcess, startFunction } from './measured-function.ts';
import { hasRealCloud, startRealCloud } from './real-cloud.ts';
import { startReport } from './report.ts';
import { quantile } from './rounds.ts';
import { requireCreated, startStage } from './stage.ts';

// How long POST /v2/images/{id}/import takes, warm: alone and 32 at once.

const rounds = 5;
const alone = 20; // requests one after the other, a round
const atOnce = 32;
const smallImage = 64 * 1024; // bytes

/** One POST for a target that was made beforehand. */
type Post = () => Promise<unknown>;

interface Contender {
  readonly name: string;
  /** Makes a target, and returns what POSTs for it. @param slot of those that are at work at once */
  prepare(slot: number): Promise<Post>;
  /** After each burst. */
  settle(): Promise<void>;
}

const timed = async (post: Post): Promise<number> => {
  const startedMs = performance.now();
  await post();
  return performance.now() - startedMs;
};

const slots = [...Array(atOnce).keys()];

const burst = async (contender: Contender, count: number, together: boolean): Promise<readonly number[]> => {
  const posts: Post[] = [];
  for (let index = 0; index < count; index += 1) posts.push(await contender.prepare(together ? index : 0));
  const times: number[] = [];
  if (together) times.push(...(await Promise.all(posts.map(timed))));
  else for (const post of posts) times.push(await timed(post));
  await contender.settle();
  return times;
};

interface Times {
  readonly name: string;
  readonly alone: number[];
  readonly together: number[];
}

/** All contenders in turn, round after round; a burst beforehand warms each. */
const measure = async (contenders: readonly Contender[]): Promise<readonly Times[]> => {
  const all = contenders.map(({ name }): Times => ({ name, alone: [], together: [] }));
  for (const contender of contenders) await burst(contender, atOnce, true);
  for (let round = 1; round <= rounds; round += 1) {
    for (const [index, contender] of contenders.entries()) {
      all[index]?.alone.push(...(await burst(contender, alone, false)));
      all[index]?.together.push(...(await burst(contender, atOnce, true)));
    }
    console.log(`round ${round}/${rounds}`);
  }
  return all;
};

/** As many processes as Lambda would have: each serves one request at a time. */
const processes = (file: string, env: Readonly<Record<string, string>>): readonly FunctionProcess[] =>
  slots.map(() => startFunction('import-image', env, { file }));

const invoking = (process: FunctionProcess | undefined, event: unknown): Post => {
  return async () => requireCreated((await process?.invoke(event))?.result);
};

const onEmulation = async (file: string): Promise<readonly Times[]> => {
  const stage = await startStage();
  const { REGION1 } = stage.openstack.regions;
  const source = await REGION1.createImage(
    { disk_format: 'raw', container_format: 'bare' },
    Buffer.alloc(smallImage),
  );
  const functions = processes(file, stage.env);
  try {
    const prepare: Contender['prepare'] = async (slot) =>
      invoking(functions[slot], await stage.importEvent(source.id));
    return await measure([{ name: 'ours, emulated cloud', prepare, settle: () => Promise.resolve() }]);
  } finally {
    await Promise.all(functions.map((one) => one.stop()));
    await stage.stop();
  }
};

const onRealCloud = async (file: string) => {
  const cloud = await startRealCloud();
  const functions = processes(file, cloud.env);
  const data = join(cloud.dataDir, 'small');
  const targets: string[] = [];
  const accepted: string[] = [];
  let [refused, stuck] = [0, 0];
  try {
    await writeFile(data, Buffer.alloc(smallImage, 'x'));
    const sourceId = await cloud.newSource(data);
    const newTarget = async (): Promise<string> => {
      const id = await cloud.newTarget();
      targets.push(id);
      return id;
    };
    const removeAll = async () => {
      for (const id of targets.splice(0)) await cloud.removeTarget(id);
    };
    const times = await measure([
      {
        name: 'ours, real OpenStack',
        prepare: async (slot) => invoking(functions[slot], cloud.importEvent(sourceId, await newTarget())),
        settle: removeAll,
      },
      {
        name: "upstream's own, same run",
        prepare: async () => {
          const id = await newTarget();
          return async () => {
            if ((await cloud.upstreamImport(sourceId, id)) === 202) accepted.push(id);
            else refused += 1;
          };
        },
        // Its imports begin at once: the next burst is not to share the machine with them.
        settle: async () => {
          for (const id of accepted.splice(0)) await cloud.untilActive(id, 60).catch(() => (stuck += 1));
          await removeAll();
        },
      },
    ]);
    const odd = `Of upstream’s own ${(alone + atOnce) * rounds + atOnce} imports ${refused} were answered 500 (a deadlock in its database) and ${stuck} never became active; the former’s times count.`;
    return { times, odd };
  } finally {
    await Promise.all(functions.map((one) => one.stop()));
    await cloud.stop();
  }
};

const ms = (times: readonly number[], share: number): string => `${quantile(times, share).toFixed(0)} ms`;

/** Ratios of the medians, to upstream's in the same run. */
const verdict = (times: readonly Times[]): readonly string[] => {
  const [ours, theirs] = [times.at(-2), times.at(-1)];
  if (!hasRealCloud() || !ours || !theirs)
    return ['No OPENRC was given: only the emulated cloud was measured.'];
  const ratio = (kind: 'alone' | 'together') => quantile(ours[kind], 0.5) / quantile(theirs[kind], 0.5);
  const said = (value: number, most: number) =>
    `${value.toFixed(2)} × upstream’s p50, goal ≤ ${most} ×: ${value <= most ? 'met' : '**not met**'}`;
  return [`Alone: ${said(ratio('alone'), 4)}.`, `${atOnce} at once: ${said(ratio('together'), 1)}.`];
};

export const post = async (): Promise<void> => {
  const report = startReport();
  const { bundles, remove } = await bundle(['import-image']);
  try {
    const file = bundles[0]?.file ?? '';
    const emulated = await onEmulation(file);
    const real = hasRealCloud() ? await onRealCloud(file) : undefined;
    const times = [...emulated, ...(real?.times ?? [])];
    report({
      name: 'post',
      tables: [
        {
          head: ['POST import, warm', 'alone: p50', 'p99', `${atOnce} at once: p50`, 'p99'],
          rows: times.map((one) => [
            one.name,
            `**${ms(one.alone, 0.5)}**`,
            ms(one.alone, 0.99),
            `**${ms(one.together, 0.5)}**`,
            ms(one.together, 0.99),
          ]),
        },
      ],
      notes: [
        ...verdict(times),
        ...(real ? [real.odd] : []),
        `${rounds} rounds of ${alone} one after the other and ${atOnce} at once, contenders in turn. Ours: event to answer of the bundled function, ${atOnce} processes with one request each at a time, as on Lambda, without the HTTP API before it. Upstream’s: the HTTP call; its worker then runs the import itself, 32 at once while the others’ POSTs still wait; ours leaves that to the queues’ functions, which do not run here.`,
      ],
    });
  } finally {
    await remove();
  }
};
