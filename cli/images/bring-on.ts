import { setTimeout as delay } from 'node:timers/promises';
import type { CloudRegion, Clouds } from '../../lib/clouds/cloud.ts';
import { asFerryError, FerryError } from '../../lib/errors.ts';
import type { Policy } from '../../lib/replication/policy/policy.ts';
import type { RequestReplica } from '../../lib/replication/replicate/bring-in.ts';
import { policiesOf } from '../../lib/replication/replicate/policies.ts';
import { createReplicateImage } from '../../lib/replication/replicate/replicate-image.ts';
import type { ImageId } from '../../lib/schemas/ids.ts';
import type { AskedReplica, ReplicateMessage } from '../../lib/state/messages.ts';
import type { RegionCall } from '../call/in-regions.ts';
import type { FerryRegion } from '../deployment/ferry-client.ts';
import { followImport, isRunning } from '../deployment/follow-import.ts';

export interface BringOnServices {
  readonly clouds: Pick<Clouds, 'region'>;
  readonly ferry: FerryRegion;
  /** That a replica may be asked for by; none for single requests. */
  readonly policies?: readonly Policy[];
}

export interface BringOnOptions extends Omit<RegionCall, 'region'> {
  /** Of the source, bytes. */
  readonly size?: number;
  /** Whether the import's end is waited for. */
  readonly isWaiting: boolean;
}

/** How far a replica has come: it is as it is to be, or its import runs and nobody waits. */
export type BroughtOn = 'done' | 'running';

/** ms for which what may pass is tried again. */
const patienceMs = 15 * 60_000;
const mostPauseMs = 5_000;

/** Where both are of one cloud, its token is good for both. */
const tokenBeside = async (from: CloudRegion, to: CloudRegion, options: { readonly signal: AbortSignal }) =>
  from.session === to.session ? {} : { token: await from.session.token(options) };

/**
 * What replicate-image has from the table and its queue, by the deployment's own HTTP: so a copy goes with the rights of who
 * calls, and is made by the same rules.
 */
const overHttp = (ferry: FerryRegion, atWork: (imageId: ImageId) => void, { signal }: BringOnOptions) => {
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
    claims: {
      holder: async ({ imageId }: { imageId: ImageId }) =>
        (await tasksOf(imageId)).findLast(isRunning)?.taskId,
    },
    tasks: {
      get: async ({ imageId, taskId }: { imageId: ImageId; taskId: string }) =>
        (await tasksOf(imageId)).find((task) => task.taskId === taskId),
    },
    requestReplica,
  };
};

/**
 * Brings one replica on until it is as it is to be, as replicate-image does in a deployment, but that somebody waits for it
 * here. It may be ended at any time, and gone on with by another call.
 * @throws FerryError where it cannot be; the signal's reason
 */
export const bringOn = async (
  { clouds, ferry, policies = [] }: BringOnServices,
  replica: AskedReplica,
  options: BringOnOptions,
): Promise<BroughtOn> => {
  const { signal, show, isWaiting } = options;
  let imageId: ImageId | undefined;
  let passingSinceMs: number | undefined;
  const atWork = (id: ImageId) => {
    imageId = id;
  };
  const replicateImage = createReplicateImage({
    ...{ clouds, policies: () => Promise.resolve(policiesOf({ policies, broken: [] })) },
    ...overHttp(ferry, atWork, options),
  });

  /** @throws the error, unless it may pass, and has not been tried for long */
  const passing = (thrown: unknown, message: ReplicateMessage) => {
    signal.throwIfAborted();
    const error = asFerryError(thrown);
    passingSinceMs ??= Date.now();
    if (!error.retryable || Date.now() - passingSinceMs > patienceMs) throw error;
    show({ state: 'trying again', note: error.explanation });
    return { next: 'again', message, delayS: 5 } as const;
  };

  let message: ReplicateMessage = { replica };
  for (;;) {
    const next = await replicateImage(message, { signal }).catch((error: unknown) => passing(error, message));
    if (next.next === 'done') return 'done';
    if (next.next === 'failed') throw new FerryError('conflict', next.reason);
    message = next.message;
    if (message.taskId && imageId) {
      passingSinceMs = undefined;
      if (!isWaiting) return 'running';
      await followImport(ferry, imageId, options);
    } else await delay(Math.min(mostPauseMs, next.delayS * 1000), undefined, { signal });
  }
};
