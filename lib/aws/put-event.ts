import { setTimeout as delay } from 'node:timers/promises';
import {
  type EventBridgeClient,
  PutEventsCommand,
  type PutEventsResultEntry,
} from '@aws-sdk/client-eventbridge';
import { FerryError } from '../errors.ts';
import { serviceError } from './service-error.ts';

export interface BusEvent {
  /** Its `detail-type`. */
  readonly type: string;
  readonly detail: object;
}

export interface PutOptions {
  readonly signal?: AbortSignal;
  /** How often an entry is put that fails for now only, beside the client's own retries; once when absent. */
  readonly maxAttempts?: number;
}

/** Codes of entries that may be taken at another try. */
const isPassing = ({ ErrorCode = '' }: PutEventsResultEntry): boolean =>
  /internal|throttl|unavailable/i.test(ErrorCode);

/** Between tries of an entry, ms. */
const retryMs = 200;

/**
 * Puts an event of ours on a bus. An entry that was not taken is answered by 200 all the same.
 * @param bus its name
 * @throws FerryError unless it was taken
 * https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
 */
export const putEvent = async (
  client: EventBridgeClient,
  bus: string,
  { type, detail }: BusEvent,
  { signal, maxAttempts = 1 }: PutOptions = {},
): Promise<void> => {
  const operation = `put an event on bus ${bus}`;
  const envelope = { EventBusName: bus, Source: 'glance-ferry', DetailType: type };

  const putOnce = async (): Promise<PutEventsResultEntry> => {
    const entry = { ...envelope, Detail: JSON.stringify(detail), Time: new Date() };
    const options = signal && { abortSignal: signal };
    const { Entries = [] } = await client.send(new PutEventsCommand({ Entries: [entry] }), options);
    return Entries[0] ?? {};
  };

  try {
    for (let tries = 1; ; tries++) {
      const answer = await putOnce();
      if (answer.EventId !== undefined) return;
      const { ErrorCode = 'it was not taken', ErrorMessage = '' } = answer;
      if (!isPassing(answer) || tries >= maxAttempts)
        throw new FerryError(
          'unavailable',
          `Failed to ${operation}: ${ErrorCode}${ErrorMessage && `: ${ErrorMessage}`}`,
        );
      await delay(retryMs * tries, undefined, { ...(signal && { signal }) });
    }
  } catch (cause) {
    throw serviceError(operation, cause);
  }
};
