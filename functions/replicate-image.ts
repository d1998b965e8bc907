import type { Context } from 'aws-lambda';
import { json } from '../lib/api/http-handler.ts';
import { createBury, createSendReplicate, createSqsClient, deliveryOf } from '../lib/aws/queue.ts';
import { composeReplication } from '../lib/compose/replication.ts';
import { loadConfig } from '../lib/config.ts';
import { asFerryError } from '../lib/errors.ts';
import { isHttpEvent, textOfHttp, textOfRecord } from '../lib/replication/event/envelopes.ts';
import type { Published } from '../lib/replication/event/image-published.ts';
import { publishedIn, publishedInText } from '../lib/replication/event/incoming.ts';
import { createFanOut } from '../lib/replication/replicate/message/fan-out.ts';
import { createTakeMessage } from '../lib/replication/replicate/message/take-message.ts';
import { createReplicateImage } from '../lib/replication/replicate/replicate-image.ts';
import { isQueueEvent, recordHandler } from '../lib/steps/queue-handler.ts';
import { whileHidden } from '../lib/steps/while-hidden.ts';

// Queue replicate-image: events "Image Published", and a message for each replica until that is there. Or, invoked
// directly or by HTTP with such an event, as it is or as a CloudEvent: its messages are queued.

const config = loadConfig(process.env, [
  'IMPORTS_TABLE',
  'STREAM_IMAGE_QUEUE_URL',
  'FAIL_IMPORT_QUEUE_URL',
  'REPLICATE_IMAGE_QUEUE_URL',
  'REPLICATE_IMAGE_DEAD_QUEUE_URL',
]);
const sqs = createSqsClient();
const replication = composeReplication(config, sqs);
const send = createSendReplicate(sqs, config.REPLICATE_IMAGE_QUEUE_URL);
const fanOut = createFanOut({ ...replication, send });
const takeMessage = createTakeMessage({
  fanOut,
  replicateImage: createReplicateImage(replication),
  announceReplica: replication.announceReplica,
  send,
  bury: createBury(sqs, config.REPLICATE_IMAGE_DEAD_QUEUE_URL),
});

const fromQueue = recordHandler(
  { step: 'replicate-image', deadlineReserveS: config.DEADLINE_RESERVE_S },
  (record, { signal }) =>
    whileHidden(deliveryOf(sqs, config.REPLICATE_IMAGE_QUEUE_URL)(record), config.HEARTBEAT_S, () =>
      takeMessage(textOfRecord(record), { signal }),
    ),
);

/** What an invocation answers: the replicas that are on their way. */
const publish = async (published: Published) => ({ replicas: await fanOut(published) });

const answer = async (read: () => Published) => {
  try {
    return json(202, await publish(read()));
  } catch (thrown) {
    const error = asFerryError(thrown);
    return json(error.status, { message: error.explanation });
  }
};

export const handler = (event: unknown, context: Context) => {
  if (isQueueEvent(event)) return fromQueue(event, context);
  if (isHttpEvent(event)) return answer(() => publishedInText(textOfHttp(event)));
  return publish(publishedIn(event));
};
