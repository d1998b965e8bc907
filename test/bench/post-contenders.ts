import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { alone, atOnce, type Contender, measure, type Post, rounds, slots, type Times } from './bursts.ts';
import { type FunctionProcess, profiledOr, startFunction } from './measured-function.ts';
import { startRealCloud } from './real-cloud.ts';
import { requireCreated, startStage } from './stage.ts';

const smallImage = 64 * 1024; // bytes

/** As many processes as Lambda would have: each serves one request at a time. */
const processes = (file: string, env: Readonly<Record<string, string>>): readonly FunctionProcess[] =>
  slots.map((slot) => startFunction('import-image', env, slot === 0 ? profiledOr({ file }) : { file }));

/** @param processorS gets the CPU seconds of each request */
const invoking = (process: FunctionProcess | undefined, event: unknown, processorS: number[] = []): Post => {
  return async () => {
    const used = await process?.invoke(event);
    requireCreated(used?.result);
    processorS.push(used?.processorS ?? 0);
  };
};

/** @param file the bundled import-image */
export const onEmulation = async (file: string): Promise<readonly Times[]> => {
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

/** Ours and upstream's own. @returns what went wrong at upstream's beside the times */
export const onRealCloud = async (file: string) => {
  const cloud = await startRealCloud();
  const functions = processes(file, cloud.env);
  const data = join(cloud.dataDir, 'small');
  const targets: string[] = [];
  const accepted: string[] = [];
  const processorS: number[] = [];
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
        prepare: async (slot) =>
          invoking(functions[slot], cloud.importEvent(sourceId, await newTarget()), processorS),
        settle: removeAll,
      },
      {
        name: 'of which the Glances, asked by one process',
        prepare: async () => {
          const id = await newTarget();
          return () => cloud.glanceCalls(sourceId, id);
        },
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
          for (const id of accepted.splice(0))
            await cloud.untilActive(id, { patienceS: 60 }).catch(() => (stuck += 1));
          await removeAll();
        },
      },
    ]);
    const odd = `Of upstream’s own ${(alone + 3 * atOnce) * rounds} imports ${refused} were answered 500 (a deadlock in its database) and ${stuck} never became active; the former’s times count.`;
    const warm = processorS.slice(atOnce);
    const meanMs = (1000 * warm.reduce((sum, one) => sum + one, 0)) / warm.length;
    const used = `A request of ours takes ${meanMs.toFixed(0)} ms of CPU in its function (mean; docs/post-import.svg shows of what); Glance, its database, and the emulated SQS and DynamoDB, which AWS would have elsewhere, share the same cores.`;
    return { times, notes: [odd, used] };
  } finally {
    await Promise.all(functions.map((one) => one.stop()));
    await cloud.stop();
  }
};
