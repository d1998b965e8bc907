import { type ExitCode, exitCodeOf } from '../call/exit-codes.ts';
import type { Io } from '../call/io.ts';
import type { CopiesOptions } from '../call/options.ts';
import { reasonOf } from '../call/reason-of.ts';
import type { FerryTask } from '../deployment/ferry-client.ts';
import { type ServedRegion, servedRegions } from '../deployment/served-regions.ts';
import { findReplicas } from '../images/find-replicas.ts';
import { type Meant, openNamed } from '../images/named-image.ts';
import { table } from '../progress/table.ts';

interface Listed extends FerryTask {
  readonly imageId: string;
}

/** What a region has to tell, or why it tells nothing. */
interface Told {
  readonly region: string;
  readonly tasks: readonly Listed[];
  readonly reason?: string;
}

const tasksAt = async (
  { to, ferry }: ServedRegion,
  meant: Meant,
  options: { readonly signal: AbortSignal },
): Promise<readonly Listed[]> => {
  const replicas = await findReplicas(to, meant, options);
  const lists = replicas.map(async ({ id }) =>
    (await ferry.tasks(id, options)).map((task) => ({ imageId: id, ...task })),
  );
  return (await Promise.all(lists)).flat().sort((one, other) => one.createdAt.localeCompare(other.createdAt));
};

const forPeople = (all: readonly Told[]): string =>
  table(
    ['region', 'image', 'task', 'created', 'status', ''],
    all.flatMap(({ region, tasks, reason }) => [
      ...tasks.map((task) => [
        ...[region, task.imageId, task.taskId, task.createdAt.slice(0, 19), task.status, task.message],
      ]),
      ...(reason === undefined ? [] : [[region, '', '', '', 'failed', reason]]),
    ]),
  );

const forMachines = (all: readonly Told[]): object =>
  Object.fromEntries(
    all.map(({ region, tasks, reason = null }) => [
      region,
      {
        reason,
        tasks: tasks.map(({ taskId, imageId, status, message, createdAt, updatedAt }) => ({
          ...{ id: taskId, image_id: imageId, status, message, created_at: createdAt, updated_at: updatedAt },
        })),
      },
    ]),
  );

/** Lists the imports of an image's copies, region by region, oldest first. */
export const tasks = async (io: Io, options: CopiesOptions, args: readonly string[]): Promise<ExitCode> => {
  const { here, meant } = await openNamed(io, options, args);
  const servedAt = await servedRegions(io, options, here, { regions: options.to, signal: io.signal });
  const all = await Promise.all(
    options.to.map(async (region): Promise<Told> => {
      try {
        return { region, tasks: await tasksAt(await servedAt(region, io), meant, io) };
      } catch (error) {
        if (io.signal.aborted) throw error;
        return { region, tasks: [], reason: reasonOf(error) };
      }
    }),
  );
  io.stdout.write(options.json ? `${JSON.stringify(forMachines(all))}\n` : forPeople(all));
  return exitCodeOf(all.map(({ reason }) => reason === undefined));
};
