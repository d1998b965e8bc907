import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { patienceOf } from '../lib/aws/patience.ts';
import { createSqsClient } from '../lib/aws/queue.ts';
import { requireIdentity } from '../lib/aws/require-identity.ts';
import { serviceError } from '../lib/aws/service-error.ts';
import { FerryError } from '../lib/errors.ts';
import { publishedDetailType } from '../lib/replication/event/image-published.ts';
import type { BridgeSettings } from '../lib/schemas/bridge.ts';
import type { ImagePublished } from '../lib/schemas/replication.ts';

/** Gives an event to who sees to it. @throws FerryError when it was not taken; it may be given again */
export type HandOn = (event: ImagePublished) => Promise<void>;

/** Not more: what is not handed on within it is tried again by the bridge itself, which a stop ends. */
const patience = { silenceMs: 10_000, maxAttempts: 2 };

/** As the rule for replicate-image expects it (serverless.yml). */
const envelope = { Source: 'glance-ferry', DetailType: publishedDetailType };

const toBus = async (EventBusName: string): Promise<HandOn> => {
  const client = new EventBridgeClient(patienceOf(patience));
  await requireIdentity(client);
  const operation = `put an event onto bus ${EventBusName}`;
  const put = async (event: ImagePublished) => {
    const entry = { ...envelope, EventBusName, Detail: JSON.stringify(event) };
    try {
      return await client.send(new PutEventsCommand({ Entries: [entry] }));
    } catch (cause) {
      throw serviceError(operation, cause);
    }
  };
  return async (event) => {
    // Answered by 200 all the same: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
    const { FailedEntryCount = 0, Entries = [] } = await put(event);
    const { ErrorCode = 'unknown', ErrorMessage = '' } = Entries[0] ?? {};
    if (FailedEntryCount > 0)
      throw new FerryError('unavailable', `Failed to ${operation}: ${ErrorCode} ${ErrorMessage}`.trimEnd());
  };
};

const toQueue = async (QueueUrl: string): Promise<HandOn> => {
  const client = createSqsClient(patience);
  await requireIdentity(client);
  return async (event) => {
    try {
      await client.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(event) }));
    } catch (cause) {
      throw serviceError(`send an event to queue ${QueueUrl.split('/').at(-1)}`, cause);
    }
  };
};

/**
 * To the event bus, or straight to replicate-image's queue, as the settings say.
 * @throws FerryError `misconfigured` without a region or credentials of AWS
 */
export const createHandOn = async (
  settings: Pick<BridgeSettings, 'EVENT_BUS_NAME' | 'REPLICATE_IMAGE_QUEUE_URL'>,
): Promise<HandOn> =>
  settings.EVENT_BUS_NAME === undefined
    ? toQueue(settings.REPLICATE_IMAGE_QUEUE_URL ?? '')
    : toBus(settings.EVENT_BUS_NAME);
