import type { CloudRegion } from '../../lib/clouds/cloud.ts';
import { FerryError } from '../../lib/errors.ts';
import type { BringInServices, RequestReplica } from '../../lib/replication/replicate/bring-in.ts';
import type { ImageId } from '../../lib/schemas/ids.ts';
import type { FerryRegion } from '../deployment/ferry-client.ts';
import { isRunning } from '../deployment/follow-import.ts';

interface Options {
  readonly signal: AbortSignal;
}

interface OverHttpOptions extends Options {
  readonly mayBegin: boolean;
}

/** Where both are of one cloud, its token is good for both. */
const tokenBeside = async (from: CloudRegion, to: CloudRegion, options: Options) =>
  from.session === to.session ? {} : { token: await from.session.token(options) };

/**
 * What replicate-image has from the table and its queue, by the deployment's own HTTP: so a copy goes with the rights of who
 * calls, and is made by the same rules.
 * @param atWork told of each record whose imports are asked about
 */
export const overHttp = (
  ferry: FerryRegion,
  atWork: (imageId: ImageId) => void,
  { signal, mayBegin }: OverHttpOptions,
): BringInServices => {
  const tasksOf = async (imageId: ImageId) => {
    atWork(imageId);
    return await ferry.tasks(imageId, { signal });
  };
  const requestReplica: RequestReplica = async ({ from, sourceId, to, imageId }, options) => {
    const source = { region: from.region, imageId: sourceId, ...(await tokenBeside(from, to, options)) };
    await ferry.importImage(imageId, source, options);
    const task = (await tasksOf(imageId)).at(-1);
    if (!task) throw new FerryError('unavailable', `The import of image ${imageId} is in no list of tasks`);
    return task;
  };
  return {
    claims: { holder: async ({ imageId }) => (await tasksOf(imageId)).findLast(isRunning)?.taskId },
    tasks: {
      get: async ({ imageId, taskId }) => (await tasksOf(imageId)).find((task) => task.taskId === taskId),
      list: ({ imageId }) => tasksOf(imageId),
    },
    ...(mayBegin && { requestReplica }),
  };
};
