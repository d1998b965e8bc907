import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { asFerryError, type FerryError } from '../errors.ts';
import { log, logOf } from '../log.ts';
import { countUntold } from '../metrics.ts';
import type { ImageImportStateChange, ImageReplicaStateChange } from '../schemas/state-change.ts';
import type { Announce, AnnounceReplica, ReplicaChange, StateChange } from '../state/announce.ts';
import { type Patience, patienceOf } from './patience.ts';
import { type BusEvent, putEvent } from './put-event.ts';

/** Of a bus that nobody's import may wait for. */
export interface BusPatience extends Patience {
  /** All tries together, ms. */
  readonly withinMs: number;
}

/** Of a step. */
export const unhurried: BusPatience = { silenceMs: 3_000, maxAttempts: 3, withinMs: 8_000 };

/** Of a function that somebody waits for. */
export const hurried: BusPatience = { silenceMs: 500, maxAttempts: 2, withinMs: 1_000 };

/** Null for what there is not: a pattern of a rule asks for a value, or for null. */
const detailOf = (change: StateChange): ImageImportStateChange => ({
  state: change.state,
  previous_state: change.previous ?? null,
  region: change.region,
  image_id: change.imageId,
  task_id: change.taskId,
  request_id: change.requestId,
  project_id: change.projectId,
  source: change.source ? { region: change.source.region, image_id: change.source.imageId } : null,
  bytes: change.bytes ?? null,
  seconds: change.seconds,
  hash: change.sha512 === undefined ? null : { algorithm: 'sha512', value: change.sha512 },
  reason: change.failure?.reason ?? null,
  code: change.failure?.code ?? null,
  copy_id: change.copyId ?? null,
});

const replicaDetailOf = ({ replica, state, imageId, reason }: ReplicaChange): ImageReplicaStateChange => ({
  state,
  region: replica.region,
  image_id: imageId ?? null,
  source: { region: replica.source.region, image_id: replica.source.imageId },
  policy: replica.policy ?? null,
  reason: reason ?? null,
});

/**
 * Puts events on a bus. One that the bus does not take is counted.
 * @param bus its name
 * @param untold gets the reason then, for the log
 */
const createTell = (bus: string, patience: BusPatience) => {
  const client = new EventBridgeClient(patienceOf(patience));
  const { maxAttempts, withinMs } = patience;

  return async (event: BusEvent, untold: (error: FerryError) => void): Promise<void> => {
    try {
      await putEvent(client, bus, event, { signal: AbortSignal.timeout(withinMs), maxAttempts });
    } catch (error) {
      countUntold();
      untold(asFerryError(error));
    }
  };
};

/** Tells changes of an import's state to an event bus, one event each. @param bus its name */
export const createAnnounce = (bus: string, patience: BusPatience): Announce => {
  const tell = createTell(bus, patience);
  return (change) =>
    tell({ type: 'Image Import State Change', detail: detailOf(change) }, (error) =>
      logOf(change).warn('change of state not told', { state: change.state, error }),
    );
};

/** Tells the ends of replicas to an event bus, one event each. @param bus its name */
export const createAnnounceReplica = (bus: string, patience: BusPatience): AnnounceReplica => {
  const tell = createTell(bus, patience);
  return (change) =>
    tell({ type: 'Image Replica State Change', detail: replicaDetailOf(change) }, (error) => {
      const { state, replica } = change;
      log.warn('change of state not told', { state, region: replica.region, source: replica.source, error });
    });
};
