import { setTimeout as delay } from 'node:timers/promises';
import type { Clouds } from '../../lib/clouds/cloud.ts';
import { asFerryError, FerryError } from '../../lib/errors.ts';
import type { Policy } from '../../lib/replication/policy/policy.ts';
import { policiesOf } from '../../lib/replication/replicate/policies.ts';
import { createReplicateImage } from '../../lib/replication/replicate/replicate-image.ts';
import type { ImageId, TaskId } from '../../lib/schemas/ids.ts';
import type { AskedReplica, ReplicateMessage } from '../../lib/state/messages.ts';
import type { RegionCall } from '../call/in-regions.ts';
import type { FerryRegion } from '../deployment/ferry-client.ts';
import { followImport } from '../deployment/follow-import.ts';
import { overHttp } from './over-http.ts';

export interface BringOnServices {
  readonly clouds: Pick<Clouds, 'region'>;
  readonly ferry: FerryRegion;
  /** That a replica may be asked for by; none for single requests. */
  readonly policies?: readonly Policy[];
}

export interface BringOnOptions extends Omit<RegionCall, 'region' | 'begun'> {
  /** Of the source, bytes. */
  readonly size?: number;
  /** Whether the import's end is waited for. */
  readonly isWaiting: boolean;
  /** Whether an import is begun where none is at work; else what others have begun is gone on with. */
  readonly mayBegin: boolean;
  /** Called as soon as an import is at work at an image, which then goes on by itself. */
  readonly begun?: (imageId: ImageId) => void;
}

/** How far a replica has come. */
export interface BroughtOn {
  /** It is as it is to be, or its import runs and nobody waits. */
  readonly state: 'done' | 'running';
  /** The replica. */
  readonly imageId: ImageId | undefined;
}

/** ms for which what may pass is tried again. */
const patienceMs = 15 * 60_000;
/** Between looks while no import is at work, ms. */
const pauseMs = 2_000;

/** Tries again what may pass, for a while. */
const createPatience = (show: BringOnOptions['show']) => {
  let sinceMs: number | undefined;
  return {
    /** @throws the error, where trying again is of no use (any more) */
    tryAgain: (thrown: unknown): void => {
      const error = asFerryError(thrown);
      sinceMs ??= Date.now();
      if (!error.retryable || Date.now() - sinceMs > patienceMs) throw error;
      show({ state: 'trying again', note: error.explanation });
    },
    begin: (): void => {
      sinceMs = undefined;
    },
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
  const patience = createPatience(show);
  let imageId: ImageId | undefined;
  let followed: TaskId | undefined;
  const atWork = (id: ImageId): void => {
    imageId = id;
  };
  const known = policiesOf({ policies, broken: [] });
  const replicateImage = createReplicateImage({
    ...{ clouds, policies: () => Promise.resolve(known) },
    ...overHttp(ferry, atWork, options),
  });

  await ferry.requireServed({ signal });
  let message: ReplicateMessage = { replica };
  for (;;) {
    const next = await replicateImage(message, { signal }).catch((error: unknown) => {
      signal.throwIfAborted();
      patience.tryAgain(error);
      return undefined;
    });
    if (next?.next === 'done') return { state: 'done', imageId: next.imageId };
    if (next?.next === 'left' || next?.next === 'failed') throw new FerryError('conflict', next.reason);
    message = next?.message ?? message;
    if (next && imageId && message.taskId !== followed) {
      patience.begin();
      options.begun?.(imageId);
      if (!isWaiting) return { state: 'running', imageId };
      await followImport(ferry, imageId, options);
      followed = message.taskId;
    } else {
      if (next) show({ state: 'waiting', note: next.reason });
      await delay(pauseMs, undefined, { signal });
    }
  }
};
