import { createOutbox, createSqsClient } from '../lib/aws/queue.ts';
import {
  composeAccess,
  composeOpenStack,
  composePace,
  composePropertyRules,
  composeRelay,
  composeSeats,
  composeState,
  composeTransferLimits,
} from '../lib/compose/compose.ts';
import { composeServiceUser } from '../lib/compose/compose-secrets.ts';
import { loadConfig, sealingSecret } from '../lib/config.ts';
import { createTransferImage } from '../lib/copies/transfer-image.ts';
import { createLookAtTarget, isWaiting } from '../lib/imports/record/look-at-target.ts';
import type { ImportMessage } from '../lib/steps/messages.ts';
import { queueHandler } from '../lib/steps/queue-handler.ts';
import { runStep } from '../lib/steps/run-step.ts';

// Queue stream-image: the source's bytes into the relay bucket, at once or segment by segment, proven by size and hash;
// then apply-metadata's turn.

const config = loadConfig(
  process.env,
  [
    'IMPORTS_TABLE',
    'RELAY_BUCKET',
    'STREAM_IMAGE_QUEUE_URL',
    'APPLY_METADATA_QUEUE_URL',
    'FAIL_IMPORT_QUEUE_URL',
  ],
  sealingSecret,
);
const openstack = composeOpenStack(config, composeServiceUser(config));
const sqs = createSqsClient();
const state = composeState(config);
const openAccess = composeAccess(config, openstack);

const streamQueue = createOutbox<ImportMessage>(sqs, config.STREAM_IMAGE_QUEUE_URL);
const failQueue = createOutbox<ImportMessage>(sqs, config.FAIL_IMPORT_QUEUE_URL);

const transferImage = createTransferImage({
  ...state,
  ...composeTransferLimits(config),
  relay: composeRelay(config),
  openAccess,
  applyQueue: createOutbox(sqs, config.APPLY_METADATA_QUEUE_URL),
  streamQueue,
  propertyRules: composePropertyRules(config),
});
const services = {
  ...state,
  ...composePace(config),
  ...composeSeats(config, state.table, { step: 'stream-image', concurrency: config.STREAM_CONCURRENCY }),
  lookAtTarget: createLookAtTarget(openAccess, isWaiting),
  ownQueue: streamQueue,
  failQueue,
};

export const handler = queueHandler(
  {
    step: 'stream-image',
    sqs,
    queueUrl: config.STREAM_IMAGE_QUEUE_URL,
    deadlineReserveS: config.DEADLINE_RESERVE_S,
  },
  (received) => runStep(services, received, transferImage),
);
