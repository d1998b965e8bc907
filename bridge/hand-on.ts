import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { patienceOf } from '../lib/aws/patience.ts';
import { putEvent } from '../lib/aws/put-event.ts';
import { createSqsClient } from '../lib/aws/queue.ts';
import { requireIdentity } from '../lib/aws/require-identity.ts';
import { serviceError } from '../lib/aws/service-error.ts';
import { publishedDetailType } from '../lib/replication/event/image-published.ts';
import type { BridgeSettings } from '../lib/schemas/bridge.ts';
import type { ImagePublished } from '../lib/schemas/replication/image-published.ts';

/** Gives an event to who sees to it. @throws FerryError when it was not taken; it may be given again */
export type HandOn = (event: ImagePublished) => Promise<void>;

/** Not more: what is not handed on within it is tried again by the bridge itself, which a stop ends. */
const patience = { silenceMs: 10_000, maxAttempts: 2 };

/** As the rule for replicate-image expects it (serverless.yml). */
const toBus = async (bus: string): Promise<HandOn> => {
  const client = new EventBridgeClient(patienceOf(patience));
  await requireIdentity(client);
  return (event) => putEvent(client, bus, { type: publishedDetailType, detail: event });
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
